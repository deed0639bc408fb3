#include "io/plot/font.h"

#include <cairo-ft.h>

#include <array>
#include <new>

namespace poster::io {
namespace {

constexpr const char* kFiles[] = {"/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf",
                                  "/usr/share/fonts/truetype/dejavu/DejaVuSans-Bold.ttf"};

bool succeeded(FT_Error error) {
  if (error == FT_Err_Out_Of_Memory) throw std::bad_alloc();
  return error == FT_Err_Ok;
}

std::array<cairo_font_face_t*, 2> open_fonts() {
  std::array<cairo_font_face_t*, 2> fonts = {};
  FT_Library library = nullptr;
  if (!succeeded(FT_Init_FreeType(&library))) return fonts;
  for (std::size_t i = 0; i < fonts.size(); ++i) {
    FT_Face face = nullptr;
    if (!succeeded(FT_New_Face(library, kFiles[i], 0, &face))) continue;
    fonts[i] = cairo_ft_font_face_create_for_ft_face(face, FT_LOAD_DEFAULT);
    if (cairo_font_face_status(fonts[i]) != CAIRO_STATUS_SUCCESS) throw std::bad_alloc();
  }
  return fonts;
}

}  // namespace

cairo_font_face_t* plot_font(bool bold) {
  static const std::array<cairo_font_face_t*, 2> fonts = open_fonts();
  return fonts[bold ? 1 : 0];
}

}  // namespace poster::io

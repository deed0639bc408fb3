// A sheet to look at before training: each row one face, full, lower and with a headset, as poster_train
// --view with the same options would show them. docs/views.png is made by it, from drawn faces.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <string>
#include <vector>

#include "apps/program/program.h"
#include "io/codec/image_reader.h"
#include "io/face/face_crop.h"
#include "io/face/face_finder.h"
#include "io/face/face_view.h"
#include "io/image/resize.h"

namespace {

using namespace poster;

void place(io::Image& sheet, const io::Image& image, int left, int top, int side) {
  const double scale = static_cast<double>(side) / std::max(image.width, image.height);
  const auto scaled = [&](int length) { return std::max(1, static_cast<int>(length * scale + 0.5)); };
  const io::Image small = io::resize(image, scaled(image.width), scaled(image.height));
  const int x = left + (side - small.width) / 2, y = top + (side - small.height) / 2;
  for (int row = 0; row < small.height; ++row)
    std::copy_n(small.row(row), 3 * small.width, sheet.row(y + row) + 3 * x);
}

int run_command(Program& program) {
  CLI::App& app = program.options();
  std::vector<std::string> images;
  std::string out, crop;
  int side = 160, faces_a_row = 1;
  double margin = 0.1;
  io::ViewOptions lower, headset;
  app.add_option("--out", out, "the sheet")->required();
  app.add_option("--crop", crop, "cut the largest face out first: cascade, or a YuNet model.onnx");
  app.add_option("--crop-margin", margin, "margin of that cut")->capture_default_str();
  app.add_option("--side", side, "pixels of one cell")->check(CLI::Range(16, 1024))->capture_default_str();
  app.add_option("--faces-a-row", faces_a_row, "faces of one row")
      ->check(CLI::Range(1, 64))
      ->capture_default_str();
  app.add_option("--eye-line", lower.eye_line, "as in poster_train")->capture_default_str();
  app.add_option("--headset-width", headset.headset_width, "as in poster_train")->capture_default_str();
  app.add_option("--headset-height", headset.headset_height, "as in poster_train")->capture_default_str();
  app.add_option("--headset-mix", headset.headset_mix, "as in poster_train")->capture_default_str();
  app.add_option("--headset-texture", headset.headset_texture, "as in poster_train");
  app.add_option("images", images, "faces")->required();
  program.parse();
  lower.view = io::View::lower;
  headset.view = io::View::headset;
  const io::ViewMaker make_lower(lower), make_headset(headset);
  const auto finder = crop.empty() ? nullptr : io::make_face_finder(crop);
  const int count = static_cast<int>(images.size()), rows = (count + faces_a_row - 1) / faces_a_row;
  io::Image sheet(3 * side * std::min(count, faces_a_row), rows * side);
  std::ranges::fill(sheet.rgb, std::uint8_t{255});
  for (int i = 0; i < count; ++i) {
    const std::string& path = images[static_cast<std::size_t>(i)];
    io::FaceCrop face = io::whole_image(io::read_image(path));
    if (finder) {
      const io::ChosenFace chosen = io::choose_face(finder->find(face.image), 1);
      if (chosen.rule == io::FaceRule::none) std::printf("%s: no face found\n", path.c_str());
      if (chosen.rule != io::FaceRule::none)
        face = io::crop_face(face.image, chosen.box, {.margin = margin, .square = true});
    }
    const std::uint64_t key = io::view_key(path);
    const int left = i % faces_a_row * 3 * side, top = i / faces_a_row * side;
    place(sheet, face.image, left, top, side);
    place(sheet, make_lower.apply(face.image, key, face.face), left + side, top, side);
    place(sheet, make_headset.apply(face.image, key, face.face), left + 2 * side, top, side);
  }
  io::write_image(out, sheet);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  return run_program({"view_sheet", "Draws a sheet of faces: full, lower, with a headset."}, argc, argv,
                     run_command);
}

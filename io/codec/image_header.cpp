#include "io/codec/image_header.h"

#include <algorithm>
#include <string_view>

#include "engine/error.h"
#include "io/codec/format_headers.h"
#include "io/codec/image_error.h"

namespace poster::io {
namespace {

// ISO base media: the box at the beginning names the brand.
void refuse_ftyp(const FileBytes& bytes, const std::string& name) {
  if (bytes.has("avi", 8)) throw_unsupported(name, "AVIF");
  for (const char* brand : {"hei", "hev", "mif1", "msf1"})
    if (bytes.has(brand, 8)) throw_unsupported(name, "HEIC");
  if (bytes.has("crx", 8)) throw_unsupported(name, "camera raw (CR3)");
  if (bytes.has("jp2", 8) || bytes.has("jpx", 8)) throw_unsupported(name, "JPEG 2000");
  throw_unsupported(name, "video (MP4 or QuickTime)");
}

struct Magic {
  std::string_view bytes;
  const char* kind;
};

// Formats that people have in folders of images.
constexpr Magic kOtherFormats[] = {
    {"GIF87a", "GIF"},
    {"GIF89a", "GIF"},
    {{"\0\0\0\x0CjP  ", 8}, "JPEG 2000"},
    {"\xFF\x4F\xFF\x51", "JPEG 2000"},
    {{"\0\0\0\x0CJXL ", 8}, "JPEG XL"},
    {"\xFF\x0A", "JPEG XL"},
    {"8BPS", "Photoshop (PSD)"},
    {"\x76\x2F\x31\x01", "OpenEXR"},
    {"#?RADIANCE", "Radiance HDR"},
    {"#?RGBE", "Radiance HDR"},
    {"\x59\xA6\x6A\x95", "Sun raster"},
    {{"\0\0\1\0", 4}, "ICO"},
    {"%PDF", "PDF"},
    {"<svg", "SVG"},
    {"<?xml", "SVG"},
    {"IIRO", "camera raw (ORF)"},
    {"IIRS", "camera raw (ORF)"},
    {"MMOR", "camera raw (ORF)"},
    {{"IIU\0", 4}, "camera raw (RW2)"},
    {"FUJIFILMCCD-RAW", "camera raw (RAF)"},
    {"FOVb", "camera raw (X3F)"},
    {{"\0MRM", 4}, "camera raw (MRW)"},
    {{"II\xBC\1", 4}, "JPEG XR"},
    {"P7\n", "PAM"},
    {"PF\n", "PFM"},
    {"Pf\n", "PFM"},
    {"qoif", "QOI"},
    {"gimp xcf", "GIMP (XCF)"},
    {"DDS ", "DirectDraw (DDS)"},
    {"icns", "Apple's icons (ICNS)"},
    {"%!PS", "PostScript"},
    {{"\x01\xDA\0\1", 4}, "SGI"},
    {{"\x01\xDA\1\1", 4}, "SGI"},
    {"\x0A\x05\x01", "PCX"},
};

}  // namespace

ImageHeader inspect_image_header(std::span<const std::uint8_t> contents, const std::string& name) {
  const FileBytes bytes(contents);
  if (bytes.has("\xFF\xD8\xFF")) return inspect_jpeg(bytes, name);
  if (bytes.has("\x89PNG\r\n\x1A\n")) return inspect_png(bytes, name);
  if (bytes.has("BM")) return inspect_bmp(bytes, name);
  if (bytes.has("RIFF") && bytes.has("WEBP", 8)) return inspect_webp(bytes, name);
  if (begins_like_pnm(bytes)) return inspect_pnm(bytes, name);
  for (const std::string_view magic :
       {std::string_view{"II*\0", 4}, {"MM\0*", 4}, {"II+\0", 4}, {"MM\0+", 4}})
    if (bytes.has(magic)) return inspect_tiff(bytes, name);
  if (bytes.has("ftyp", 4)) refuse_ftyp(bytes, name);
  for (const Magic& magic : kOtherFormats)
    if (bytes.has(magic.bytes)) throw_unsupported(name, magic.kind);
  if (bytes.has("DICM", 128)) throw_unsupported(name, "DICOM");
  if (bytes.size() > 18 && bytes.has("TRUEVISION-XFILE", bytes.size() - 18)) throw_unsupported(name, "TGA");
  throw Error(name + ": not an image (JPEG, PNG, BMP, PPM, WebP or TIFF); replace or delete it");
}

}  // namespace poster::io

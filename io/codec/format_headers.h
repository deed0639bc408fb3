// One function for each format that is read: what io/codec/image_header.h promises. The bytes begin as the
// format does.
#pragma once

#include <cstdint>
#include <string>

#include "io/codec/file_bytes.h"
#include "io/codec/image_header.h"

namespace poster::io {

ImageHeader inspect_jpeg(const FileBytes& bytes, const std::string& name);
ImageHeader inspect_png(const FileBytes& bytes, const std::string& name);
ImageHeader inspect_bmp(const FileBytes& bytes, const std::string& name);
ImageHeader inspect_webp(const FileBytes& bytes, const std::string& name);
ImageHeader inspect_tiff(const FileBytes& bytes, const std::string& name);
ImageHeader inspect_pnm(const FileBytes& bytes, const std::string& name);

bool begins_like_pnm(const FileBytes& bytes);

}  // namespace poster::io

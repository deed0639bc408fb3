// What is said of images that aren't taken: three kinds that are never mixed up. Each begins with the
// image's name and says how to mend it.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace poster::io {

// Bytes are missing: the file was cut off.
[[noreturn]] void throw_cut_off(const std::string& name, std::string_view format, std::size_t bytes);

// The bytes that are there contradict each other, or the format.
[[noreturn]] void throw_damaged(const std::string& name, std::string_view format, std::string_view what);

// A kind of image that isn't read, whole or not: "CMYK of 16 bits". `remedy` completes "; ".
[[noreturn]] void throw_unsupported(
    const std::string& name, std::string_view kind,
    std::string_view remedy = "convert it to JPEG, PNG, BMP, PPM, WebP or TIFF");

// As throw_unsupported, of several: "32-bit samples are not supported".
[[noreturn]] void throw_unsupported_samples(const std::string& name, std::string_view samples);

}  // namespace poster::io

// A TIFF file in memory, opened by libtiff, whose messages come here instead of to the terminal.
#pragma once

#include <tiffio.h>

#include <cstdint>
#include <span>
#include <string>

namespace poster::io {

class TiffMemory {
 public:
  // Throws poster::Error, prefixed by `name`, when libtiff can't read the first directory.
  TiffMemory(std::span<const std::uint8_t> bytes, const std::string& name);
  ~TiffMemory();
  TiffMemory(const TiffMemory&) = delete;
  TiffMemory& operator=(const TiffMemory&) = delete;

  TIFF* get() const { return tiff_; }
  std::uint32_t field(std::uint32_t tag, std::uint32_t otherwise) const;  // LONG
  std::uint16_t short_field(std::uint32_t tag) const;                     // SHORT, with TIFF's default

  // Throws what was complained of, or `otherwise`. Old files show one harmless
  // warning; with it alone, and `ok`, nothing is thrown.
  void require(bool ok, const char* otherwise) const;

 private:
  static int on_message(TIFF*, void* self, const char* module, const char* format, va_list values);
  static int on_warning(TIFF*, void* self, const char* module, const char* format, va_list values);

  const std::string& name_;
  std::span<const std::uint8_t> bytes_;
  std::uint64_t at_ = 0;
  TIFF* tiff_ = nullptr;
  bool directory_read_ = false;
  char complaint_[200] = "";
};

}  // namespace poster::io

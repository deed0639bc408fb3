#include <algorithm>
#include <cstdio>
#include <cstring>
#include <memory>
#include <new>

#include "io/codec/image_error.h"
#include "io/codec/image_reader.h"
#include "io/codec/tiff_memory.h"

namespace poster::io {
namespace {

// A warning of LZW codes in the order of 1988's first writers, which libtiff reads.
constexpr const char* kOldLzw = "Old-style LZW";
// No field, strip or tile of an image within the caps needs more.
constexpr tmsize_t kMaxAtOnce = tmsize_t{kMaxImagePixels} * 8;

// How libtiff tells that memory can't be had.
bool tells_no_memory(const char* complaint) {
  for (const char* words : {"emory", "alloc", "Insertion in", "No space"})
    if (std::strstr(complaint, words) != nullptr) return true;
  return false;
}

// Whether a warning about the directory is of a tag that bears on the pixels; libtiff ignores the tag then.
bool is_of_pixels(const char* warning) {
  for (const char* tag :
       {R"("Compression")", R"("BitsPerSample")", R"("SamplesPerPixel")", R"("PhotometricInterpretation")",
        R"("RowsPerStrip")", R"("PlanarConfiguration")", R"("FillOrder")", R"("Predictor")",
        R"("SampleFormat")", R"("ExtraSamples")", R"("ColorMap")", R"("TileWidth")", R"("TileLength")",
        R"("InkSet")", R"("YCbCrSubsampling")", R"("YCbCrCoefficients")", R"("ReferenceBlackWhite")",
        R"("JPEGTables")"})
    if (std::strstr(warning, tag) != nullptr) return true;
  return false;
}

}  // namespace

int TiffMemory::on_message(TIFF*, void* self, const char*, const char* format, va_list values) {
  auto& file = *static_cast<TiffMemory*>(self);
  if (file.complaint_[0] != '\0' || std::strncmp(format, kOldLzw, std::strlen(kOldLzw)) == 0) return 1;
  std::vsnprintf(file.complaint_, sizeof file.complaint_, format, values);
  // An orientation that is none (0 of writers that don't know it) is passed over, as in EXIF.
  if (!file.directory_read_ && std::strstr(file.complaint_, R"("Orientation")") != nullptr)
    file.complaint_[0] = '\0';
  return 1;  // nobody else is told
}

// Of the directory most warnings are about tags that nobody needs.
int TiffMemory::on_warning(TIFF* tiff, void* self, const char* module, const char* format, va_list values) {
  auto& file = *static_cast<TiffMemory*>(self);
  if (file.directory_read_) return on_message(tiff, self, module, format, values);
  char warning[sizeof file.complaint_];
  std::vsnprintf(warning, sizeof warning, format, values);
  if (file.complaint_[0] == '\0' && is_of_pixels(warning))
    std::memcpy(file.complaint_, warning, sizeof warning);
  return 1;
}

TiffMemory::TiffMemory(std::span<const std::uint8_t> bytes, const std::string& name)
    : name_(name), bytes_(bytes) {
  const std::unique_ptr<TIFFOpenOptions, decltype(&TIFFOpenOptionsFree)> options(TIFFOpenOptionsAlloc(),
                                                                                 TIFFOpenOptionsFree);
  if (!options) throw std::bad_alloc();
  TIFFOpenOptionsSetErrorHandlerExtR(options.get(), on_message, this);
  TIFFOpenOptionsSetWarningHandlerExtR(options.get(), on_warning, this);
  TIFFOpenOptionsSetMaxSingleMemAlloc(options.get(), kMaxAtOnce);
  // libtiff begins some complaints with this name, which must not read as one of memory.
  tiff_ = TIFFClientOpenExt(
      "file", "r", this,
      [](thandle_t self, void* target, tmsize_t count) {
        auto& file = *static_cast<TiffMemory*>(self);
        const std::uint64_t left = file.at_ < file.bytes_.size() ? file.bytes_.size() - file.at_ : 0;
        const auto got =
            static_cast<std::size_t>(std::min<std::uint64_t>(left, static_cast<std::uint64_t>(count)));
        if (got > 0) std::memcpy(target, file.bytes_.data() + file.at_, got);
        file.at_ += got;
        return static_cast<tmsize_t>(got);
      },
      [](thandle_t, void*, tmsize_t) { return tmsize_t{0}; },
      [](thandle_t self, toff_t to, int from) {
        auto& file = *static_cast<TiffMemory*>(self);
        file.at_ = to + (from == SEEK_CUR ? file.at_ : from == SEEK_END ? file.bytes_.size() : 0);
        return toff_t{file.at_};
      },
      [](thandle_t) { return 0; },
      [](thandle_t self) { return toff_t{static_cast<TiffMemory*>(self)->bytes_.size()}; },
      [](thandle_t self, void** base, toff_t* size) {
        auto& file = *static_cast<TiffMemory*>(self);
        *base = const_cast<std::uint8_t*>(file.bytes_.data());  // it is never written to in mode "r"
        *size = file.bytes_.size();
        return 1;
      },
      [](thandle_t, void*, toff_t) {}, options.get());
  if (tiff_ == nullptr) {
    if (std::strstr(complaint_, "different") != nullptr)
      throw_unsupported(name, "a TIFF whose samples differ in their bits");
    if (tells_no_memory(complaint_)) throw std::bad_alloc();
    throw_damaged(name, "TIFF", complaint_[0] != '\0' ? complaint_ : "its directory can't be read");
  }
  directory_read_ = true;
}

TiffMemory::~TiffMemory() {
  if (tiff_ != nullptr) TIFFClose(tiff_);
}

std::uint32_t TiffMemory::field(std::uint32_t tag, std::uint32_t otherwise) const {
  std::uint32_t value = 0;
  return TIFFGetField(tiff_, tag, &value) == 1 ? value : otherwise;
}

std::uint16_t TiffMemory::short_field(std::uint32_t tag) const {
  std::uint16_t value = 0;
  return TIFFGetFieldDefaulted(tiff_, tag, &value) == 1 ? value : std::uint16_t{0};
}

void TiffMemory::require(bool ok, const char* otherwise) const {
  if (complaint_[0] == '\0' && ok) return;
  if (tells_no_memory(complaint_)) throw std::bad_alloc();
  throw_damaged(name_, "TIFF", complaint_[0] != '\0' ? complaint_ : otherwise);
}

}  // namespace poster::io

#include "io/video/film_kind.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <filesystem>
#include <string_view>
#include <vector>

#include "engine/error.h"
#include "io/format/input_file.h"
#include "io/video/ffmpeg.h"
#include "io/video/ffmpeg_log.h"

namespace poster::io {
namespace {

constexpr std::size_t kBeginning = std::size_t{64} << 10;

std::string_view text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// Images are told before films are looked for: a short mark at a known place says more than a guess over
// content, and HEIC and AVIF are QuickTime inside.
bool is_image(std::string_view text) {
  using namespace std::string_view_literals;
  constexpr std::array kMarks = {"\xFF\xD8\xFF"sv, "\x89PNG"sv, "BM"sv,   "GIF8"sv,
                                 "II*\0"sv,        "MM\0*"sv,   "8BPS"sv, "%PDF"sv};
  if (std::ranges::any_of(kMarks, [&](std::string_view mark) { return text.starts_with(mark); })) return true;
  if (text.size() < 12) return false;
  if (text.starts_with("RIFF")) return text.substr(8, 4) == "WEBP";
  if (text.substr(4, 4) != "ftyp") return false;
  const std::string_view brand = text.substr(8, 4);
  return brand.starts_with("hei") || brand.starts_with("hev") || brand.starts_with("avi") ||
         brand == "mif1" || brand == "msf1" || brand == "crx ";
}

}  // namespace

const char* const film_kind::kContainers =
    "mov,matroska,webm,avi,mpeg,mpegts,mpegtsraw,flv,ogg,asf,asf_o,mxf,nut,ivf,dv,rm,wtv,gxf,swf,nsv,vob,"
    "mpegvideo,m4v,h264,hevc,obu,av1,yuv4mpegpipe";

ContentKind content_kind(std::span<const std::byte> beginning) {
  if (is_image(text_of(beginning))) return ContentKind::image;
  std::vector<unsigned char> padded(beginning.size() + AVPROBE_PADDING_SIZE);
  std::ranges::transform(beginning, padded.begin(),
                         [](std::byte b) { return std::to_integer<unsigned char>(b); });
  const AVProbeData data{.filename = "",
                         .buf = padded.data(),
                         .buf_size = static_cast<int>(beginning.size()),
                         .mime_type = nullptr};
  silence_ffmpeg();
  int score = 0;
  const AVInputFormat* const format = av_probe_input_format3(&data, 1, &score);
  const bool film =
      format && score > AVPROBE_SCORE_RETRY && av_match_list(format->name, film_kind::kContainers, ',') > 0;
  return film ? ContentKind::film : ContentKind::other;
}

ContentKind content_kind(const std::string& path) {
  try {
    const InputFile file(path);
    std::vector<std::byte> beginning(std::min<std::uint64_t>(kBeginning, file.size()));
    beginning.resize(file.read_some(0, beginning));
    return content_kind(beginning);
  } catch (const Error&) {
    return ContentKind::other;
  }
}

bool has_film_extension(const std::string& name) {
  std::string extension = std::filesystem::path(name).extension().string();
  std::ranges::transform(extension, extension.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  constexpr std::array kExtensions = {".avi",  ".mp4", ".m4v",  ".mov", ".qt",  ".3gp",  ".3g2", ".mkv",
                                      ".webm", ".mpg", ".mpeg", ".vob", ".ts",  ".m2ts", ".mts", ".flv",
                                      ".f4v",  ".ogv", ".wmv",  ".asf", ".mxf", ".dv"};
  return std::ranges::find(kExtensions, extension) != kExtensions.end();
}

}  // namespace poster::io

#include "apps/predict/own_mark.h"

#include <libdeflate.h>

#include <algorithm>
#include <span>
#include <string_view>

#include "engine/error.h"
#include "io/format/input_file.h"

namespace poster {
namespace {

using namespace std::string_view_literals;

constexpr std::size_t kHeaderEnd = 8 + 25;  // PNG's signature, and IHDR with its length, type and checksum
constexpr std::size_t kBeginning = 16 << 10;
constexpr auto kText = "tEXtSoftware\0poster_predict"sv;

void append_big_endian(std::string& text, std::uint32_t value) {
  for (int shift = 24; shift >= 0; shift -= 8) text += static_cast<char>(value >> shift);
}

// MP4's boxes of metadata are the last of the file; the comment's text lies 16 bytes behind its name.
bool ends_with_own_comment(const io::InputFile& file) {
  const std::uint64_t size = std::min<std::uint64_t>(kBeginning, file.size());
  std::string ending(size, '\0');
  ending.resize(file.read_some(file.size() - size, std::as_writable_bytes(std::span(ending))));
  const std::size_t comment = ending.rfind("\251cmt");
  return comment != std::string::npos && ending.size() - comment > 20 &&
         std::string_view(ending).substr(comment + 20).starts_with(kOwnMark);
}

}  // namespace

void mark_png(std::vector<std::uint8_t>& png) {
  if (png.size() < kHeaderEnd || png[0] != 0x89) throw Error("only PNG files can be marked as drawn here");
  std::string chunk;
  append_big_endian(chunk, static_cast<std::uint32_t>(kText.size() - 4));  // without the type
  chunk += kText;
  append_big_endian(chunk, libdeflate_crc32(0, kText.data(), kText.size()));
  png.insert(png.begin() + kHeaderEnd, chunk.begin(), chunk.end());
}

bool is_marked_as_own(const std::string& path) {
  try {
    const io::InputFile file(path);
    std::string beginning(std::min<std::uint64_t>(kBeginning, file.size()), '\0');
    beginning.resize(file.read_some(0, std::as_writable_bytes(std::span(beginning))));
    if (beginning.starts_with("\x89PNG"))
      return beginning.size() > kHeaderEnd &&
             std::string_view(beginning).substr(kHeaderEnd + 4).starts_with(kText);
    if (std::string_view(beginning).substr(0, 12).find("ftyp") == 4) return ends_with_own_comment(file);
    const std::size_t mark = beginning.find("ISFT");
    return beginning.starts_with("RIFF") && mark != std::string::npos &&
           std::string_view(beginning).substr(mark + 8).starts_with(kOwnMark);
  } catch (const Error&) {
    return false;
  }
}

}  // namespace poster

#include "apps/predict/list_reader.h"

#include "engine/error.h"
#include "io/format/text.h"

namespace poster {
namespace {

constexpr std::size_t kLongestName = std::size_t{1} << 16;  // Linux takes paths of up to 4096 bytes

[[noreturn]] void is_utf16() { throw Error("the list on standard input is in UTF-16; save it as UTF-8"); }

}  // namespace

bool ListReader::next(std::string& name) {
  while (record(name))
    if (!name.empty()) return true;
  return false;
}

int ListReader::get() {
  if (ahead_.empty()) return stream_.get();
  const int c = static_cast<unsigned char>(ahead_.front());
  ahead_.erase(0, 1);
  return c;
}

bool ListReader::record(std::string& text) {
  text.clear();
  int c;
  while ((c = get()) != kEnd) {
    const char byte = static_cast<char>(c);
    // The first separator tells what separates all names.
    if (!begun_ && (byte == '\n' || byte == '\0')) {
      begun_ = true;
      separator_ = byte;
      if (byte == '\0') refuse_utf16(text);
    }
    if (byte == separator_) break;
    const std::string number = std::to_string(records_ + 1);
    if (byte == '\0')
      throw Error(
          "line " + number +
          " of the list on standard input holds a zero byte; separate all names by line breaks, or all by zero bytes");
    if (text.size() >= kLongestName)
      throw Error("name " + number + " of the list on standard input is longer than " +
                  std::to_string(kLongestName) + " bytes; give a list of paths, one a line");
    text += byte;
  }
  if (c == kEnd && text.empty()) return false;
  if (separator_ == '\n' && text.ends_with('\r')) text.pop_back();
  if (records_++ == 0) {
    if (text.starts_with("\xFF\xFE") || text.starts_with("\xFE\xFF")) is_utf16();
    text = std::string(io::without_byte_order_mark(text));
  }
  return true;
}

void ListReader::refuse_utf16(const std::string& text) {
  if (text.starts_with("\xFF\xFE") || text.starts_with("\xFE\xFF")) is_utf16();
  if (text.size() > 1) return;
  // A zero byte after each letter, or before it?
  for (int c; ahead_.size() < 3 && (c = stream_.get()) != kEnd;) ahead_ += static_cast<char>(c);
  const std::string all = text + '\0' + ahead_;
  if (all.size() < 4) return;
  const auto zero = [&](std::size_t i) { return all[i] == '\0'; };
  if (zero(0) == zero(2) && zero(1) == zero(3) && zero(0) != zero(1)) is_utf16();
}

}  // namespace poster

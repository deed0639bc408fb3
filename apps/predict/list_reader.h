// A list of names on a stream: one a line, or separated by zero bytes (find -print0). Each name is there as
// soon as its separator has come.
#pragma once

#include <cstdint>
#include <istream>
#include <string>

namespace poster {

class ListReader {
 public:
  explicit ListReader(std::istream& stream) : stream_(stream) {}

  // The next name that isn't empty, without a byte order mark in front of the first and without CR at the end
  // of a line; false at the end. Throws poster::Error for what is no list: UTF-16, zero bytes in some lines,
  // lines without end.
  bool next(std::string& name);

 private:
  static constexpr int kEnd = std::istream::traits_type::eof();

  bool record(std::string& text);
  int get();
  // Throws for a list that begins with `text` and a zero byte, when what follows is of that kind too.
  void refuse_utf16(const std::string& text);

  std::istream& stream_;
  std::string ahead_;  // what was looked at before its turn
  char separator_ = '\n';
  bool begun_ = false;
  std::int64_t records_ = 0;
};

}  // namespace poster

#include "io/format/printable.h"

#include <gtest/gtest.h>

namespace poster::io {
namespace {

TEST(Escaped, LeavesTextAsItIs) {
  for (const char* text : {"", "runs/a b/기쁨 é 😀.jpg", "C:\\x \"quoted\"", "\xEF\xBF\xBD"})
    EXPECT_EQ(escaped(text), text);
}

TEST(Escaped, ShowsWhatATerminalWouldObey) {
  EXPECT_EQ(escaped("a\nb\r\tc"), "a\\nb\\r\\tc");
  EXPECT_EQ(escaped("\x1b[31m\x7f"), "\\x1b[31m\\x7f");
  EXPECT_EQ(escaped(std::string_view("\0", 1)), "\\x00");
  EXPECT_EQ(escaped("\xC2\x9B"), "\\u009b");  // C1: begins a sequence, as ESC [
  EXPECT_EQ(escaped("\xE2\x80\xAE\xE2\x80\xA8\xE2\x81\xA6"),
            "\\u202e\\u2028\\u2066");                     // directions, separators
  EXPECT_EQ(escaped("\xB1\xE2\xBB"), "\\xb1\\xe2\\xbb");  // no UTF-8
}

TEST(Escaped, KeepsTheLayoutOfTables) {
  EXPECT_EQ(escaped("a\nb\t\x1b\n", TextLayout::tabs_and_line_breaks), "a\nb\t\\x1b\n");
  EXPECT_EQ(escaped("a\nb\t\x1b", TextLayout::tabs), "a\\nb\t\\x1b");
}

}  // namespace
}  // namespace poster::io

#include "io/format/text.h"

#include <gtest/gtest.h>

#include "engine/error.h"
#include "tests/support/error_text.h"
#include "tests/support/temporary_folder.h"

namespace poster::io {
namespace {

std::string as_utf16(std::string_view ascii, bool little) {
  std::string text;
  for (const char letter : ascii) text += little ? std::string{letter, '\0'} : std::string{'\0', letter};
  return text;
}

std::string text_message(const std::string& bytes) {
  return test::message_of<Error>([&] { utf8_text(bytes, "list"); });
}

TEST(Text, TakesTheByteOrderMarkOff) {
  EXPECT_EQ(utf8_text("\xEF\xBB\xBF기쁨\n", "x"), "기쁨\n");
  EXPECT_EQ(utf8_text("\xEF\xBB\xBF", "x"), "");
  EXPECT_EQ(utf8_text("", "x"), "");
  // Only one, and only at the beginning.
  EXPECT_EQ(utf8_text("\xEF\xBB\xBF\xEF\xBB\xBFx", "x"), "\xEF\xBB\xBFx");
  EXPECT_EQ(utf8_text("x\xEF\xBB\xBF", "x"), "x\xEF\xBB\xBF");
}

TEST(Text, RefusesUtf16AndUtf32) {
  const std::string list = "a.jpg\r\nb.jpg\r\n";
  for (const bool little : {true, false}) {
    const std::string mark = little ? "\xFF\xFE" : "\xFE\xFF";
    EXPECT_EQ(text_message(mark + as_utf16(list, little)), "list: the text is UTF-16; save it as UTF-8");
    EXPECT_EQ(text_message(as_utf16(list, little)), "list: the text is UTF-16; save it as UTF-8");
    EXPECT_EQ(text_encoding(as_utf16("1", little)), little ? TextEncoding::utf16_le : TextEncoding::utf16_be);
  }
  EXPECT_EQ(text_message(std::string("\xFF\xFE\0\0a\0\0\0", 8)),
            "list: the text is UTF-32; save it as UTF-8");
  EXPECT_EQ(text_message(std::string("\0\0\xFE\xFF\0\0\0a", 8)),
            "list: the text is UTF-32; save it as UTF-8");
}

TEST(Text, NamesThePlaceOfZeroBytesAndOfOtherEncodings) {
  EXPECT_EQ(text_message(std::string("x\na.jpg\0b.jpg\0", 14)),
            "list: there is a zero byte in line 2 (byte 8), which no text has; save it as UTF-8, with lines "
            "that end by a line break");
  test::expect_contains(text_message(std::string("a.jpg\0b.jpg\0", 12)), "zero byte in line 1 (byte 6)");
  EXPECT_EQ(text_message("ab\nÄ\xC4rger\n"),
            "list: the text is not UTF-8 in line 2 (byte 6); save it as UTF-8");
  EXPECT_EQ(text_message("ab\xEA\xB8"), "list: the text is not UTF-8 in line 1 (byte 3); save it as UTF-8");
}

TEST(Text, HandsOtherEncodingsToThoseWhoAsk) {
  EXPECT_EQ(text_of_any_8_bit_encoding("\xC4rger", "x"), "\xC4rger");
  EXPECT_EQ(text_of_any_8_bit_encoding("\xEF\xBB\xBFja", "x"), "ja");
  for (const std::string& bytes : {as_utf16("list", true), std::string("a\0", 2), std::string("\xFF\xFE")})
    EXPECT_NE(test::message_of<Error>([&] { text_of_any_8_bit_encoding(bytes, "x"); }), "nothing thrown");
}

TEST(Text, ReadsFiles) {
  test::TemporaryFolder folder;
  test::write_file(folder / "a", "\xEF\xBB\xBFone\r\ntwo");
  EXPECT_EQ(read_text(folder / "a", 20), "one\r\ntwo");
  test::write_file(folder / "b", "\xFF\xFE");
  EXPECT_EQ(test::message_of<Error>([&] { read_text(folder / "b", 20); }),
            (folder / "b").string() + ": the text is UTF-16; save it as UTF-8");
}

TEST(Text, SplitsIntoLines) {
  using Lines = std::vector<std::string_view>;
  EXPECT_EQ(text_lines(""), Lines{});
  EXPECT_EQ(text_lines("a"), Lines{"a"});
  EXPECT_EQ(text_lines("a\r\n\nb\rc\n"), (Lines{"a", "", "b", "c"}));
  EXPECT_EQ(text_lines("\n\r"), (Lines{"", ""}));
}

}  // namespace
}  // namespace poster::io

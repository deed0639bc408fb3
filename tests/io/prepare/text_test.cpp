#include <gtest/gtest.h>

#include "engine/error.h"
#include "io/format/csv.h"
#include "io/prepare/class_map.h"
#include "io/prepare/expression_names.h"
#include "io/prepare/npy.h"
#include "io/prepare/plan.h"
#include "io/prepare/text_encoding.h"
#include "tests/support/aihub_set.h"
#include "tests/support/error_text.h"

namespace poster::prepare {
namespace {

using Row = std::vector<std::string>;

std::vector<Row> rows_of(const std::string& text) {
  io::CsvReader reader(text, "t.csv");
  std::vector<Row> rows;
  for (Row row; reader.next(row);) rows.push_back(row);
  return rows;
}

TEST(PrepareText, Encodings) {
  const std::string text = "기쁨, joy";
  EXPECT_EQ(to_utf8(text, "x"), text);
  EXPECT_EQ(to_utf8("\xEF\xBB\xBF" + text, "x"), text);
  EXPECT_EQ(to_utf8(test::cp949(text), "x"), text);
  EXPECT_EQ(to_utf8(std::string("\xFF\xFE\x41\x00\x30\xAE", 6), "x"), "A기");
  EXPECT_EQ(to_utf8("", "x"), "");
  test::expect_contains(test::error_of([] { to_utf8("\xFF\xFF\xFF", "labels.json"); }),
                        "labels.json: text in an unknown encoding");
  for (const char* bad : {"\xC3", "\xED\xA0\x80", "\xC0\x80", "a\xFF"}) EXPECT_FALSE(is_utf8(bad)) << bad;
  EXPECT_EQ(nfc(test::decomposed("분노와 기쁨")), "분노와 기쁨");
  EXPECT_EQ(nfc("e\xCC\x81"), "\xC3\xA9");
  EXPECT_EQ(clean_name("\xFF\xFF"), "\xFF\xFF");
}

// "Ärger" in Latin-1 is valid CP949, with a Hangul syllable in it.
TEST(PrepareText, BytesOfAnUnknownEncodingAreAskedFor) {
  for (const std::string& text : {std::string("path,label\na.jpg,\xC4rger\n"),
                                  std::string("M\xFC"
                                              "de"),
                                  std::string("\xC4\xD6rger"), std::string("caf\xE9\n")}) {
    const std::string error = test::error_of([&] { to_utf8(text, "labels.csv"); });
    test::expect_contains(error, "labels.csv: text in an unknown encoding");
    test::expect_contains(error, "--encoding");
  }
  EXPECT_EQ(to_utf8("\xC4rger", "x", {false, "WINDOWS-1252"}), "Ärger");
  EXPECT_EQ(to_utf8("Ärger", "x", {false, "WINDOWS-1252"}), "Ärger");            // UTF-8 stays what it is
  EXPECT_EQ(to_utf8(test::cp949("a 똠방각하"), "x", {true, ""}), "a 똠방각하");  // beyond KS X 1001
  test::expect_contains(test::error_of([] { to_utf8(test::cp949("똠방각하"), "x"); }), "unknown encoding");
  bool guessed = false;
  EXPECT_EQ(to_utf8(test::cp949("path,label\n1.jpg,기쁨\n2.jpg,슬픔2\n"), "x", {}, &guessed),
            "path,label\n1.jpg,기쁨\n2.jpg,슬픔2\n");
  EXPECT_TRUE(guessed);
  to_utf8("plain", "x", {}, &guessed);
  EXPECT_FALSE(guessed);
  EXPECT_EQ(clean_name("\xC4rger"), "\xC4rger");
  EXPECT_EQ(clean_name("\xC4rger", {false, "LATIN1"}), "Ärger");
  EXPECT_EQ(clean_name(test::cp949("기쁨 01")), "기쁨 01");
  test::expect_contains(test::error_of([] {
                          to_utf8("\x81\x20", "x", {false, "SHIFT_JIS"});
                        }),
                        "neither UTF-8 nor SHIFT_JIS");
  check_encoding("");
  check_encoding("SHIFT_JIS");
  for (const char* name : {"KLINGON", "UTF-16", "EBCDIC-US"})
    test::expect_contains(test::error_of([&] { check_encoding(name); }), "--encoding: ");
}

TEST(PrepareText, ZeroBytesAndUtf16) {
  const std::string utf16("p\0,\0l\0\n\0", 8);
  EXPECT_EQ(to_utf8(utf16, "x"), "p,l\n");
  EXPECT_EQ(to_utf8("\xFF\xFE" + utf16, "x"), "p,l\n");
  test::expect_contains(test::error_of([] { to_utf8(std::string("a.jpg\0b.jpg\0", 12), "l.txt"); }),
                        "l.txt: there is a zero byte");
  test::expect_contains(test::error_of([] { to_utf8(std::string("\xFF\xFE\0\0a\0\0\0", 8), "l.txt"); }),
                        "UTF-32");
  test::expect_contains(test::error_of([] { to_utf8(std::string("\xFF\xFE\x00\xD8", 4), "l.txt"); }),
                        "damaged UTF-16");
}

TEST(PrepareText, Csv) {
  EXPECT_EQ(rows_of("a,b\r\n1,\"x, \"\"y\"\"\nz\"\n\n,\nlast,"),
            (std::vector<Row>{{"a", "b"}, {"1", "x, \"y\"\nz"}, {"", ""}, {"last", ""}}));
  EXPECT_EQ(rows_of("a\tb\n1\t2,3\n"), (std::vector<Row>{{"a", "b"}, {"1", "2,3"}}));
  EXPECT_EQ(rows_of("a;b\n1;2\n"), (std::vector<Row>{{"a", "b"}, {"1", "2"}}));
  EXPECT_EQ(rows_of(""), std::vector<Row>{});
  io::CsvReader reader("a,b\n\"x\ny\",2\n3,4\n", "t.csv");
  Row row;
  for (const std::size_t line : {1, 2, 4}) {
    ASSERT_TRUE(reader.next(row));
    EXPECT_EQ(reader.line(), line);
  }
  for (const std::string field : {"plain", "a,b", "say \"x\"", "two\nlines", ""})
    EXPECT_EQ(rows_of("x," + io::csv_field(field)), (std::vector<Row>{{"x", field}}));
  EXPECT_EQ(io::parse_number(" 1.5 "), 1.5);
  EXPECT_FALSE(io::parse_number("1.5x"));
  EXPECT_FALSE(io::parse_number("nan"));
  EXPECT_FALSE(io::parse_number(""));
  EXPECT_EQ(io::parse_integer("-7"), -7);
  EXPECT_FALSE(io::parse_integer("7.0"));
}

TEST(PrepareText, BrokenArrays) {
  const auto error = [](const std::string& bytes) {
    return test::error_of([&] { read_npy_integer(test::bytes_of(bytes), "n.npy"); });
  };
  const auto file = [](const std::string& header, const std::string& data) {
    std::string bytes("\x93NUMPY\x01\x00", 8);
    bytes += static_cast<char>(header.size());
    bytes += '\0';
    return bytes + header + data;
  };
  EXPECT_EQ(read_npy_integer(
                test::bytes_of(file("{'descr': '>i4', 'shape': ()}", std::string("\0\0\0\x05", 4))), "x"),
            5);
  EXPECT_EQ(read_npy_integer(
                test::bytes_of(file("{'descr': '<f4', 'shape': ()}", std::string("\0\0\x40\x40", 4))), "x"),
            3);
  test::expect_contains(error("PK"), "n.npy: no NumPy file");
  test::expect_contains(error(std::string("\x93NUMPY\x01\x00\xFF\xFF{}", 12)), "ends early");
  test::expect_contains(error(file("{'descr': '<f4'}", std::string("\0\0\x60\x40", 4))),
                        "not a whole number");
  test::expect_contains(error(file("{'descr': '<i8'}", "1234")), "not one value");
  test::expect_contains(error(file("{'descr': '|O'}", "12345678")), "without a type");
  test::expect_contains(error(file("{'descr': '<U1'}", std::string("x\0\0\0", 4))), "not a whole number");
}

TEST(PrepareText, SpellingsOfExpressions) {
  for (const char* name : {"Anger", "angry", "ANGRY", "AN", "분노", " anger"})
    EXPECT_EQ(expression_name(name), "anger") << name;
  EXPECT_EQ(expression_name(test::decomposed("중립")), "neutral");
  EXPECT_EQ(expression_name("calm"), "");
  EXPECT_EQ(aihub_expression("기쁨"), "joy");
}

class Map : public testing::Test {
 protected:
  ClassMap read(const std::string& text) {
    const std::string path = folder_ / "map.txt";
    test::write_file(path, text);
    return ClassMap::from_file(path);
  }
  std::string error(const std::string& text) {
    return test::error_of([&] { read(text); });
  }
  test::TemporaryFolder folder_;
};

TEST_F(Map, TextAndJsonSayTheSame) {
  for (const char* text : {"# c\npos: joy , Surprised\n\nneg: anger,sad # x\n",
                           R"({"pos": ["joy", "Surprised"], "neg": ["anger", "sad"]})"}) {
    const ClassMap map = read(text);
    EXPECT_EQ(map.classes(), (std::vector<std::string>{"pos", "neg"}));
    EXPECT_EQ(map.class_of("Happy"), 0u);
    EXPECT_EQ(map.class_of("SURPRISE"), 0u);
    EXPECT_EQ(map.class_of("슬픔"), 1u);
    EXPECT_FALSE(map.class_of("fear"));
    EXPECT_EQ(map.text(), "pos: joy, Surprised; neg: anger, sad");
  }
  EXPECT_EQ(read(R"({"zero": "0"})").class_of("0"), 0u);
}

TEST_F(Map, Mistakes) {
  test::expect_contains(error("pos joy"), "map.txt:1: no colon");
  test::expect_contains(error("pos: joy\nneg: Happy\n"), "label 'Happy' is in two classes, 'pos' and 'neg'");
  test::expect_contains(error("pos: joy\npos: sad\n"), "class 'pos' occurs twice");
  test::expect_contains(error("pos:\n"), "class 'pos' has no labels");
  test::expect_contains(error("# nothing\n"), "no classes");
  test::expect_contains(error("{\"pos\": [1]}"), "a label that is no text");
  test::expect_contains(error("{\"pos\": "), "map.txt:1:8: not valid JSON");
  test::expect_contains(error("{\"pos\": \"joy\", \"pos\": \"sad\"}"), "occurs twice");
  for (const char* name : {"..", "a/b", ".x", "a\\b"})
    test::expect_contains(error(std::string(name) + ": joy\n"), "can't be the name of a class");
  test::expect_contains(test::error_of([&] { ClassMap::from_file(folder_ / "none.txt"); }), "none.txt: ");
}

TEST(PreparePlan, NamesOfOutputs) {
  const auto item = [](const std::string& path, const std::string& label = "a") {
    Item one;
    one.file.path = one.file.source = path;
    one.label = label;
    return one;
  };
  Collection collection;
  collection.items = {item("x/p.jpg"),
                      item("y/P.png"),
                      item("x/q.jpg"),
                      item("w/p.jpg", "b"),
                      item("z/.."),
                      item("x/a:b?c.jpg"),
                      item("x/" + std::string(300, 'n') + ".jpg"),
                      item("x/q.jpg")};
  const Plan plan = make_plan(collection, ClassMap::identity(collection.items));
  ASSERT_EQ(plan.items.size(), 7u);
  EXPECT_TRUE(plan.left_out.empty());  // it is in the output
  EXPECT_EQ(plan.notes, std::vector<std::string>{"1 images are listed again, with the same label"});
  // Equal but for their case: on some file systems one would replace the other.
  EXPECT_EQ(plan.items[0].stem, "p-" + hex64(plan.items[0].id).substr(0, 8));
  EXPECT_EQ(plan.items[1].stem, "P-" + hex64(plan.items[1].id).substr(0, 8));
  EXPECT_EQ(plan.items[2].stem, "q");
  EXPECT_EQ(plan.items[3].stem, "p");
  EXPECT_EQ(plan.items[4].stem.front(), '_');
  EXPECT_EQ(plan.items[5].stem, "a_b_c");
  EXPECT_EQ(plan.items[6].stem, std::string(180, 'n'));
  Collection evil;
  evil.items = {item("x/p.jpg", "../../etc")};
  test::expect_contains(test::error_of([&] { ClassMap::identity(evil.items); }),
                        "'../../etc' can't be the name of a class");
  const ClassMap other({{"good", {"joy"}}}, "m");
  test::expect_contains(test::error_of([&] { make_plan(collection, other); }),
                        "the set's labels are a (7), b (1)");
}

}  // namespace
}  // namespace poster::prepare

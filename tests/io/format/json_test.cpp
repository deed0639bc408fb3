#include "io/format/json.h"

#include <nlohmann/json.hpp>

#include <gtest/gtest.h>

#include "engine/error.h"
#include "tests/support/error_text.h"
#include "tests/support/temporary_folder.h"

namespace poster::io {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;
using test::expect_contains;

std::string json_message(std::string_view text, const std::string& mend = "") {
  const std::string ordered =
      test::message_of<Error>([&] { parse_json<ordered_json>(text, "a.json", mend); });
  EXPECT_EQ(test::message_of<Error>([&] { parse_json<json>(text, "a.json", mend); }), ordered);
  EXPECT_EQ(ordered.find('\n'), std::string::npos) << ordered;
  return ordered;
}

std::string nested(int depth) {
  return std::string(static_cast<std::size_t>(depth), '[') +
         std::string(static_cast<std::size_t>(depth), ']');
}

TEST(Json, IsRead) {
  const auto value =
      parse_json<ordered_json>("\xEF\xBB\xBF {\"b\": [1, 2.5, null], \"a\": {\"b\": \"기쁨\"}}\n", "x");
  EXPECT_EQ(value.dump(), "{\"b\":[1,2.5,null],\"a\":{\"b\":\"기쁨\"}}");
  EXPECT_EQ(parse_json<json>("{\"b\": 1, \"a\": 2}", "x").dump(), "{\"a\":2,\"b\":1}");
  test::TemporaryFolder folder;
  test::write_file(folder / "a.json", "[{\"a\": 1}, {\"a\": 2}]");
  EXPECT_EQ(read_json<json>(folder / "a.json").dump(), "[{\"a\":1},{\"a\":2}]");
}

TEST(Json, HasALimitOfDepth) {
  EXPECT_EQ(parse_json<json>(nested(kDeepestJson), "x").dump(), nested(kDeepestJson));
  EXPECT_EQ(json_message(nested(kDeepestJson + 1)),
            "a.json:1:65: not usable as JSON: nested deeper than 64 objects and arrays");
  json_message(nested(1'000'000));
  json_message(std::string(1'000'000, '['));
  std::string objects;
  for (int i = 0; i < 100'000; ++i) objects += "{\"a\":";
  expect_contains(json_message(objects), "nested deeper");
}

TEST(Json, RefusesKeysThatOccurTwice) {
  EXPECT_EQ(json_message("{\"a\": 1,\n \"b\": {}, \"a\": 2}"),
            "a.json:2:13: not usable as JSON: the key \"a\" occurs twice in one object");
  expect_contains(json_message("[{\"x\\ny\": 1, \"x\\ny\": 1}]"), R"(the key "x\ny" occurs twice)");
  expect_contains(json_message("{\"a\": 1, \"\\u0061\": 2}"), "occurs twice");
}

TEST(Json, NamesThePlaceOfAFault) {
  EXPECT_EQ(json_message("{\"a\": 1,\n  nothing}", "mend it").substr(0, 29), "a.json:2:4: not valid JSON: s");
  expect_contains(json_message("{\"a\": 1,\n  nothing}", "mend it"), "; mend it");
  for (const char* text : {"", " ", "{", "[1,]", "{\"a\" 1}", "[1] [2]", "\"a", "nul", "[1e999]", "[01]",
                           "\"\t\"", "\"\\ud800\"", "{a: 1}", "[NaN]", "// a\n1"})
    expect_contains(json_message(text), ": not valid JSON: ");
  EXPECT_LT(json_message("{\"" + std::string(100'000, 'x')).size(), 400u);
}

TEST(Json, RefusesWhatIsNoUtf8) {
  EXPECT_EQ(json_message(std::string_view("{}\0", 3)).substr(0, 43),
            "a.json: there is a zero byte in line 1 (byt");
  expect_contains(json_message("\"\xFF\""), "not UTF-8");
  expect_contains(json_message(std::string_view("{\0}\0", 4)), "UTF-16");
}

TEST(Json, HasALimitOfSize) {
  test::TemporaryFolder folder;
  test::write_file(folder / "a.json", "");
  std::filesystem::resize_file(folder / "a.json", kMaxJson + 1);
  expect_contains(test::message_of<Error>([&] { read_json<json>(folder / "a.json"); }), "has 67 MB");
}

TEST(Json, DescribesTheLibrarysErrors) {
  const auto value = parse_json<json>("{\"a\": \"text\"}", "x");
  const auto described = [&](auto&& call) {
    try {
      call();
    } catch (const json::exception& error) {
      return describe_json_error(error);
    }
    return std::string();
  };
  EXPECT_EQ(described([&] { value.at("b"); }), "key 'b' not found");
  EXPECT_EQ(described([&] { value.at("a").get<int>(); }), "type must be number, but is string");
}

}  // namespace
}  // namespace poster::io

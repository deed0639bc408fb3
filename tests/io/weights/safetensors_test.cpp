#include "io/weights/safetensors.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <nlohmann/json.hpp>

#include "engine/error.h"
#include "io/format/checksum.h"
#include "tests/support/temporary_folder.h"

namespace poster::io {
namespace {

using test::message_of;

const std::string kGolden = std::string(POSTER_TEST_DATA) + "/golden/poster_v2_3cls_adam.safetensors";

// Bytes of a file with that header; the length field can lie.
std::string file_bytes(const std::string& header, const std::string& data = "",
                       std::int64_t extra_length = 0) {
  const std::uint64_t length = header.size() + extra_length;
  std::string bytes(8, '\0');
  std::memcpy(bytes.data(), &length, 8);
  return bytes + header + data;
}

std::string repeated(const std::string& text, int count) {
  std::string all;
  for (int i = 0; i < count; ++i) all += text;
  return all;
}

struct Sample {
  std::vector<float> weights{1.5f, -2.25f, 0, std::nanf(""), 1e-40f, 3e38f};
  std::vector<double> doubles{0.1, -1e300};
  std::int64_t count = -5;
  std::vector<std::uint8_t> flags{1, 0, 1};
  std::map<std::string, std::string> metadata{{"classes", "[\"a\",\"b\"]"}, {"note", "tab\t \"quote\" é\n"}};

  std::vector<TensorToWrite> tensors() const {
    return {{"layer.weight", DType::f32, {2, 3}, weights.data()},
            {"doubles", DType::f64, {2}, doubles.data()},
            {"count", DType::i64, {}, &count},
            {"empty", DType::f32, {0, 4}, nullptr},
            {"flags \"ä\"", DType::boolean, {3}, flags.data()}};
  }
};

TEST(Safetensors, RoundTrip) {
  test::TemporaryFolder folder;
  const Sample sample;
  write_safetensors(folder / "a.safetensors", sample.metadata, sample.tensors());
  SafetensorsFile read(folder / "a.safetensors");
  const SafetensorsFile file = std::move(read);
  EXPECT_EQ(file.names(),
            (std::vector<std::string>{"layer.weight", "doubles", "count", "empty", "flags \"ä\""}));
  EXPECT_EQ(file.at("layer.weight").dtype, DType::f32);
  EXPECT_EQ(file.at("layer.weight").shape, (std::vector<std::int64_t>{2, 3}));
  EXPECT_EQ(std::memcmp(file.at("layer.weight").bytes.data(), sample.weights.data(), 24), 0);
  EXPECT_EQ(values<double>(file.at("doubles")), sample.doubles);
  EXPECT_EQ(values<std::int64_t>(file.at("count")), std::vector<std::int64_t>{-5});
  EXPECT_TRUE(file.at("count").shape.empty());
  EXPECT_TRUE(values<float>(file.at("empty")).empty());
  EXPECT_EQ(file.at("empty").shape, (std::vector<std::int64_t>{0, 4}));
  EXPECT_EQ(values<std::uint8_t>(file.at("flags \"ä\"")), sample.flags);
  for (const auto& [key, value] : sample.metadata) EXPECT_EQ(file.metadata().at(key), value);
  EXPECT_EQ(file.metadata().size(), sample.metadata.size() + 1);
  EXPECT_TRUE(file.verify_checksum());
  EXPECT_EQ(file.find("none"), nullptr);
  EXPECT_NE(message_of<Error>([&] { file.at("none"); }).find("has no tensor \"none\""), std::string::npos);
  EXPECT_NE(message_of<Error>([&] { values<float>(file.at("doubles")); }).find("F64"), std::string::npos);
}

TEST(Safetensors, EqualContentGivesEqualBytesAndAnAlignedHeader) {
  test::TemporaryFolder folder;
  for (int extra = 0; extra < 9; ++extra) {
    Sample sample;
    sample.metadata["pad"] = std::string(extra, 'x');
    const std::vector<TensorToWrite> tensors = sample.tensors();
    write_safetensors(folder / "a", sample.metadata, tensors);
    write_safetensors(folder / "b", sample.metadata, tensors);
    const std::string bytes = test::read_file(folder / "a");
    EXPECT_EQ(bytes, test::read_file(folder / "b"));
    std::uint64_t length;
    std::memcpy(&length, bytes.data(), 8);
    EXPECT_EQ(length % 8, 0u);
    EXPECT_EQ(bytes[8], '{');
    EXPECT_EQ(bytes.size(), 8 + length + 24 + 16 + 8 + 3);
    const SafetensorsFile file(folder / "a");
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(file.at("layer.weight").bytes.data()) % 8, 0u);
  }
}

TEST(Safetensors, NothingInsideIsValid) {
  test::TemporaryFolder folder;
  write_safetensors(folder / "a", {}, {});
  EXPECT_TRUE(SafetensorsFile(folder / "a").names().empty());
  EXPECT_TRUE(SafetensorsFile(folder / "a").verify_checksum());
  test::write_file(folder / "b", file_bytes("{}"));
  EXPECT_TRUE(SafetensorsFile(folder / "b").names().empty());
  EXPECT_FALSE(SafetensorsFile(folder / "b").verify_checksum());
}

TEST(Safetensors, KeepsThePreviousFile) {
  test::TemporaryFolder folder;
  Sample sample;
  write_safetensors(folder / "last.safetensors", {}, sample.tensors(), KeepPrevious::yes);
  sample.count = 77;
  write_safetensors(folder / "last.safetensors", {}, sample.tensors(), KeepPrevious::yes);
  EXPECT_EQ(values<std::int64_t>(SafetensorsFile(folder / "last.safetensors").at("count"))[0], 77);
  EXPECT_EQ(values<std::int64_t>(SafetensorsFile(folder / "last.previous.safetensors").at("count"))[0], -5);
}

// In the data by the checksum; in the header by the format's checks or by the checksum.
TEST(Safetensors, AFlippedByteIsNoticed) {
  test::TemporaryFolder folder;
  const Sample sample;
  write_safetensors(folder / "a", sample.metadata, sample.tensors());
  const std::string bytes = test::read_file(folder / "a");
  const std::size_t data_begin = bytes.size() - (24 + 16 + 8 + 3);
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    std::string damaged = bytes;
    damaged[i] = static_cast<char>(damaged[i] ^ (i % 2 ? 0x01 : 0x80));
    test::write_file(folder / "b", damaged);
    const std::string message = message_of<Error>([&] {
      const SafetensorsFile file(folder / "b");
      if (!file.verify_checksum()) throw Error("the checksum's entry is gone");
    });
    EXPECT_NE(message, "nothing thrown") << "byte " << i << " of the header, '" << bytes[i] << "'";
    if (i >= data_begin) {
      EXPECT_NE(message.find("damaged, its checksum"), std::string::npos) << i << message;
    }
  }
}

// Damage that leaves a valid file: another name, dtype or shape for the same bytes, another text.
TEST(Safetensors, TheChecksumCoversTheHeader) {
  test::TemporaryFolder folder;
  const Sample sample;
  write_safetensors(folder / "a", sample.metadata, sample.tensors());
  const std::pair<const char*, const char*> changes[] = {
      {"[2,3]", "[3,2]"}, {"\"F64\"", "\"I64\""}, {"\"doubles\"", "\"doublet\""}, {"quote", "quota"}};
  for (const auto& [before, after] : changes) {
    std::string bytes = test::read_file(folder / "a");
    const auto at = bytes.find(before);
    ASSERT_NE(at, std::string::npos) << before;
    bytes.replace(at, std::strlen(before), after);
    test::write_file(folder / "b", bytes);
    const SafetensorsFile file(folder / "b");
    EXPECT_NE(message_of<Error>([&] { file.verify_checksum(); }).find("damaged"), std::string::npos) << after;
  }
}

TEST(Safetensors, TheChecksumSurvivesAnotherOrder) {
  test::TemporaryFolder folder;
  const Sample sample;
  auto tensors = sample.tensors();
  write_safetensors(folder / "a", sample.metadata, tensors);
  std::reverse(tensors.begin(), tensors.end());
  write_safetensors(folder / "b", sample.metadata, tensors);
  const SafetensorsFile a(folder / "a"), b(folder / "b");
  EXPECT_EQ(a.metadata(), b.metadata());
  EXPECT_TRUE(b.verify_checksum());
  EXPECT_EQ(values<double>(b.at("doubles")), sample.doubles);
}

TEST(Safetensors, ReadsTheGoldenFiles) {
  for (const char* name :
       {"golden/poster_v2_3cls_adam", "golden/poster_v2_3cls_droppath_adamw", "images/expected"}) {
    const SafetensorsFile file(std::string(POSTER_TEST_DATA) + "/" + name + ".safetensors");
    EXPECT_FALSE(file.names().empty());
    EXPECT_FALSE(file.verify_checksum());
  }
  const SafetensorsFile file(kGolden);
  EXPECT_EQ(file.metadata().at("model"), "poster-v2");
  EXPECT_EQ(file.at("eval.logits").shape, (std::vector<std::int64_t>{4, 7}));
  const auto logits = values<double>(file.at("eval.logits"));
  ASSERT_EQ(logits.size(), 28u);
  for (const double logit : logits) EXPECT_TRUE(std::isfinite(logit));
  EXPECT_EQ(file.names().front(), "eval.logits");
}

TEST(Safetensors, ConvertsEveryDTypeToFloat) {
  test::TemporaryFolder folder;
  const double f64[] = {0.1};
  const float f32[] = {-0.5f};
  const std::uint16_t f16[] = {0x3C00, 0xC000, 0x0001, 0x83FF, 0x7BFF,
                               0x7C00, 0xFC00, 0x7E00, 0x8000, 0x3555};
  const std::uint16_t bf16[] = {0x3F80, 0xC040, 0x7F80};
  const std::int64_t i64[] = {-3};
  const std::int32_t i32[] = {-4};
  const std::int16_t i16[] = {-5};
  const std::int8_t i8[] = {-6};
  const std::uint64_t u64[] = {7};
  const std::uint32_t u32[] = {8};
  const std::uint16_t u16[] = {65535};
  const std::uint8_t u8[] = {255}, boolean[] = {1};
  // The odd one first makes all the others misaligned.
  const std::vector<TensorToWrite> tensors{{"u8", DType::u8, {1}, u8},
                                           {"f64", DType::f64, {1}, f64},
                                           {"f32", DType::f32, {1}, f32},
                                           {"f16", DType::f16, {10}, f16},
                                           {"bf16", DType::bf16, {3}, bf16},
                                           {"i64", DType::i64, {1}, i64},
                                           {"i32", DType::i32, {1}, i32},
                                           {"i16", DType::i16, {1}, i16},
                                           {"i8", DType::i8, {1}, i8},
                                           {"u64", DType::u64, {1}, u64},
                                           {"u32", DType::u32, {1}, u32},
                                           {"u16", DType::u16, {1}, u16},
                                           {"bool", DType::boolean, {1}, boolean}};
  write_safetensors(folder / "a", {}, tensors);
  const SafetensorsFile file(folder / "a");
  const std::map<std::string, float> expected{{"f64", 0.1f},  {"f32", -0.5f}, {"i64", -3}, {"i32", -4},
                                              {"i16", -5},    {"i8", -6},     {"u64", 7},  {"u32", 8},
                                              {"u16", 65535}, {"u8", 255},    {"bool", 1}};
  for (const auto& [name, value] : expected)
    EXPECT_EQ(converted<float>(file.at(name)), std::vector<float>{value}) << name;
  const auto half = converted<float>(file.at("f16"));
  const float inf = std::numeric_limits<float>::infinity();
  const float expected_half[] = {1,    -2,  0x1p-24f, -1023 * 0x1p-24f, 65504, inf,
                                 -inf, NAN, -0.0f,    1365 / 4096.0f};
  for (int i = 0; i < 10; ++i) {
    if (i == 7)
      EXPECT_TRUE(std::isnan(half[i]));
    else
      EXPECT_EQ(half[i], expected_half[i]) << i;
  }
  EXPECT_TRUE(std::signbit(half[8]));
  EXPECT_EQ(converted<float>(file.at("bf16")), (std::vector<float>{1, -3, inf}));
}

TEST(Safetensors, TheWriterRefuses) {
  test::TemporaryFolder folder;
  const float zero = 0;
  auto message = [&](std::vector<TensorToWrite> tensors, std::map<std::string, std::string> metadata = {}) {
    return message_of<Error>([&] { write_safetensors(folder / "a", metadata, tensors); });
  };
  EXPECT_NE(message({{"a", DType::f32, {}, &zero}, {"a", DType::f32, {}, &zero}}).find("\"a\" is taken"),
            std::string::npos);
  EXPECT_NE(message({{"__metadata__", DType::f32, {}, &zero}}).find("is taken"), std::string::npos);
  EXPECT_NE(message({{"a", DType::f32, {-1}, &zero}}).find("impossible shape [-1]"), std::string::npos);
  EXPECT_NE(message({{"a\xff", DType::f32, {}, &zero}}).find("not UTF-8"), std::string::npos);
  EXPECT_NE(message({}, {{"key", "\xff"}}).find("not UTF-8"), std::string::npos);
  EXPECT_EQ(folder.entries(), 0);
}

struct Malformed {
  const char* what;
  std::string bytes;
  const char* message;
};

std::string one(const std::string& entry, int data_size = 8) {
  return file_bytes("{\"a\":" + entry + "}", std::string(data_size, 'x'));
}
std::string two(const std::string& first_offsets, const std::string& second_offsets, int data_size) {
  return file_bytes("{\"a\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":" + first_offsets +
                        "},\"b\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":" + second_offsets + "}}",
                    std::string(data_size, 'x'));
}

const std::vector<Malformed>& malformed() {
  static const std::string valid = R"({"dtype":"F32","shape":[2],"data_offsets":[0,8]})";
  static const std::vector<Malformed> cases{
      {"seven bytes", "\1\2\3\4\5\6\7", "shorter than 8 bytes"},
      {"no header", std::string(8, '\0'), "doesn't start with '{'"},
      {"header longer than the file", file_bytes("{}", "", 1), "longer than the file"},
      {"header said to be huge", file_bytes("{}", "", std::int64_t{1} << 62), "larger than 100 MB"},
      {"header length negative", file_bytes("{}", "", -3), "larger than 100 MB"},
      {"header just over the limit", file_bytes("{}", "", 100'000'001 - 2), "larger than 100 MB"},
      {"an array", file_bytes("[]"), "doesn't start with '{'"},
      {"a space in front", file_bytes(" {}"), "doesn't start with '{'"},
      {"byte order mark", file_bytes("\xEF\xBB\xBF{}"), "doesn't start with '{'"},
      {"not closed", file_bytes("{"), "not valid JSON"},
      {"zeros behind", file_bytes(std::string("{}\0\0", 4)), "not valid JSON"},
      {"something behind", file_bytes("{} {}"), "not valid JSON"},
      {"trailing comma", file_bytes("{\"a\":" + valid + ",}", "12345678"), "not valid JSON"},
      {"not UTF-8", file_bytes("{\"\xff\":" + valid + "}", "12345678"), "not valid JSON"},
      {"a name twice", file_bytes("{\"a\":" + valid + ",\"a\":" + valid + "}", "12345678"),
       "\"a\" occurs twice"},
      {"metadata twice", file_bytes(R"({"__metadata__":{},"__metadata__":{}})"), "occurs twice"},
      {"a metadata key twice", file_bytes(R"({"__metadata__":{"k":"1","k":"2"}})"), "\"k\" occurs twice"},
      {"dtype twice", one(R"({"dtype":"F32","dtype":"F32","shape":[2],"data_offsets":[0,8]})"),
       "occurs twice"},
      {"metadata a list", file_bytes(R"({"__metadata__":[]})"), "__metadata__ is not an object"},
      {"metadata a number", file_bytes(R"({"__metadata__":{"k":1}})"), "\"k\" is not a text"},
      {"entry a number", one("3"), "not described by an object"},
      {"entry null", one("null"), "not described by an object"},
      {"no dtype", one(R"({"shape":[2],"data_offsets":[0,8]})"), "has no dtype"},
      {"no shape", one(R"({"dtype":"F32","data_offsets":[0,8]})"), "has no shape"},
      {"no offsets", one(R"({"dtype":"F32","shape":[2]})"), "has no data_offsets"},
      {"one key more", one(R"({"dtype":"F32","shape":[2],"data_offsets":[0,8],"x":1})"), "more than dtype"},
      {"unknown dtype", one(R"({"dtype":"F31","shape":[2],"data_offsets":[0,8]})"), "unknown dtype \"F31\""},
      {"dtype in small letters", one(R"({"dtype":"f32","shape":[2],"data_offsets":[0,8]})"), "unknown dtype"},
      {"dtype a number", one(R"({"dtype":32,"shape":[2],"data_offsets":[0,8]})"), "dtype is not a text"},
      {"shape a number", one(R"({"dtype":"F32","shape":2,"data_offsets":[0,8]})"), "shape is not a list"},
      {"side negative", one(R"({"dtype":"F32","shape":[-2],"data_offsets":[0,8]})"), "whole numbers from 0"},
      {"side a fraction", one(R"({"dtype":"F32","shape":[2.0],"data_offsets":[0,8]})"),
       "whole numbers from 0"},
      {"side beyond 64 bits", one(R"({"dtype":"F32","shape":[36893488147419103234],"data_offsets":[0,8]})"),
       "whole numbers from 0"},
      {"side beyond 63 bits", one(R"({"dtype":"U8","shape":[9223372036854775808],"data_offsets":[0,8]})"),
       "too large"},
      {"product overflows to 2", one(R"({"dtype":"F32","shape":[4611686018427387906],"data_offsets":[0,8]})"),
       "too large"},
      {"product overflows to 0",
       one(R"({"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,0]})", 0), "too large"},
      {"shape larger than the range", one(R"({"dtype":"F32","shape":[3],"data_offsets":[0,8]})"),
       "takes 12 bytes"},
      {"shape smaller than the range", one(R"({"dtype":"F32","shape":[1],"data_offsets":[0,8]})"),
       "takes 4 bytes"},
      {"one offset", one(R"({"dtype":"F32","shape":[2],"data_offsets":[0]})"), "not two numbers"},
      {"three offsets", one(R"({"dtype":"F32","shape":[2],"data_offsets":[0,8,8]})"), "not two numbers"},
      {"offsets backwards", one(R"({"dtype":"F32","shape":[2],"data_offsets":[8,0]})"),
       "end before they begin"},
      {"offset negative", one(R"({"dtype":"F32","shape":[2],"data_offsets":[-8,0]})"),
       "whole numbers from 0"},
      {"offsets a text", one(R"({"dtype":"F32","shape":[2],"data_offsets":"0,8"})"), "not a list"},
      {"hole in front", one(R"({"dtype":"F32","shape":[2],"data_offsets":[4,12]})", 12), "behind a hole"},
      {"hole between", two("[0,4]", "[5,9]", 9), "\"b\" begins at 5, behind a hole"},
      {"overlap", two("[0,4]", "[3,7]", 7), "\"b\" begins at 3, inside another"},
      {"the same range twice", two("[0,4]", "[0,4]", 4), "inside another"},
      {"cut short", two("[0,4]", "[4,8]", 7), "cut short"},
      {"bytes behind", two("[0,4]", "[4,8]", 9), "tensors take 8 bytes, the file holds 9"},
      {"bytes without tensors", file_bytes("{}", "x"), "tensors take 0 bytes"},
      {"nested deeply", file_bytes("{\"a\":" + std::string(100000, '[')),
       "\"a\" is not described by an object"},
      {"a shape nested deeply", file_bytes("{\"a\":{\"shape\":[" + std::string(100000, '[')),
       "whole numbers from 0"},
      {"metadata nested deeply", file_bytes("{\"__metadata__\":{\"k\":" + std::string(100000, '{')),
       "\"k\" is not a text"},
      {"a long shape with a wrong size",
       one("{\"dtype\":\"F32\",\"shape\":[1" + std::string(2000, ' ') + repeated(",1", 1000) +
           "],\"data_offsets\":[0,8]}"),
       "F32 of 1001 dimensions takes 4 bytes"},
      {"an array behind the offsets", one(R"({"dtype":"F32","shape":[2],"data_offsets":[0,8]},[])"),
       "not valid JSON"},
      {"offsets true", one(R"({"dtype":"F32","shape":[2],"data_offsets":[true,8]})"), "whole numbers from 0"},
      {"metadata null", file_bytes(R"({"__metadata__":null})"), "__metadata__ is not an object"},
      {"metadata of metadata", file_bytes(R"({"__metadata__":{"k":{}}})"), "\"k\" is not a text"},
      {"a name with a line break", file_bytes("{\"a\\nb\":3}"), "\"a\\nb\" is not described"},
  };
  return cases;
}

TEST(Safetensors, MalformedFilesAreRefused) {
  test::TemporaryFolder folder;
  const auto path = folder / "bad.safetensors";
  for (const Malformed& bad : malformed()) {
    test::write_file(path, bad.bytes);
    const std::string message = message_of<Error>([&] { SafetensorsFile file(path); });
    EXPECT_NE(message.find(bad.message), std::string::npos) << bad.what << ": " << message;
    EXPECT_EQ(message.find(path.string() + ": not a valid safetensors file: "), 0u) << bad.what << message;
    EXPECT_EQ(message.find('\n'), std::string::npos) << bad.what;
    EXPECT_LT(message.size(), path.string().size() + 250) << bad.what;
  }
}

TEST(Safetensors, TypesOfTheFormatThatAreNotReadAreNamed) {
  test::TemporaryFolder folder;
  for (const std::string dtype : {"F8_E4M3", "F8_E5M2", "F8_E8M0", "F4", "C64"}) {
    test::write_file(
        folder / "a",
        file_bytes(R"({"w":{"dtype":")" + dtype + R"(","shape":[8],"data_offsets":[0,8]}})", "12345678"));
    EXPECT_EQ(message_of<Error>([&] { SafetensorsFile file(folder / "a"); }),
              (folder / "a").string() + ": tensor \"w\" is of dtype " + dtype +
                  ", which is not read here; convert it to F32, F16 or BF16");
  }
}

TEST(Safetensors, HeadersAreReadWithoutWritingEscapesOrOrderDown) {
  test::TemporaryFolder folder;
  // Fields and tensors in any order, escapes, spaces, an empty name, ranges of no bytes at one place.
  test::write_file(folder / "a", file_bytes(R"({ "" : {"data_offsets":[8,8], "shape" : [0,3], "dtype":"F64"},
      "\u00e4":{"shape":[],"data_offsets":[0,8],"dtype":"I64"}, "b":{"dtype":"U8","shape":[5,0],"data_offsets":[8,8]},
      "__metadata__":{"":"","\u00fc":"\n"}}    )",
                                            "12345678"));
  const SafetensorsFile file(folder / "a");
  EXPECT_EQ(file.names(), (std::vector<std::string>{"ä", "", "b"}));
  EXPECT_EQ(file.metadata(), (std::map<std::string, std::string>{{"", ""}, {"ü", "\n"}}));
  EXPECT_EQ(std::memcmp(file.at("ä").bytes.data(), "12345678", 8), 0);
}

TEST(Safetensors, FromMemoryAndReleased) {
  test::TemporaryFolder folder;
  const Sample sample;
  write_safetensors(folder / "a", sample.metadata, sample.tensors());
  const std::string bytes = test::read_file(folder / "a");
  const SafetensorsFile memory(std::as_bytes(std::span(bytes)), "memory"), file(folder / "a");
  EXPECT_EQ(memory.names(), file.names());
  EXPECT_TRUE(memory.verify_checksum());
  for (const std::string& name : file.names()) {
    file.release(file.at(name));
    EXPECT_EQ(
        std::memcmp(memory.at(name).bytes.data(), file.at(name).bytes.data(), file.at(name).bytes.size()), 0);
  }
  EXPECT_EQ(message_of<Error>([&] { SafetensorsFile(std::as_bytes(std::span(bytes)).first(7), "memory"); }),
            "memory: not a valid safetensors file: it is shorter than 8 bytes; copy or save it again");
}

TEST(Safetensors, EveryCutOfAFileIsRefused) {
  test::TemporaryFolder folder;
  const Sample sample;
  write_safetensors(folder / "a", sample.metadata, sample.tensors());
  const std::string bytes = test::read_file(folder / "a");
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    test::write_file(folder / "b", bytes.substr(0, size));
    EXPECT_NE(message_of<Error>([&] { SafetensorsFile file(folder / "b"); }), "nothing thrown") << size;
  }
}

TEST(Safetensors, InputsOfTheFuzzer) {
  int accepted = 0;
  for (const auto& entry :
       std::filesystem::directory_iterator(POSTER_SOURCE_DIR "/tests/fuzz/corpus/safetensors"))
    accepted += message_of<Error>([&] { SafetensorsFile file(entry.path()); }) == "nothing thrown";
  EXPECT_GE(accepted, 3);
}

TEST(Safetensors, FilesThatCantBeRead) {
  test::TemporaryFolder folder;
  EXPECT_NE(message_of<Error>([&] { SafetensorsFile file(folder / "none"); }).find("can't be opened"),
            std::string::npos);
  EXPECT_NE(message_of<Error>([&] { SafetensorsFile file(folder.path()); }).find("not a regular file"),
            std::string::npos);
}

// Values of the specification's reference implementation.
TEST(Checksum, KnownValues) {
  EXPECT_EQ(xxh64("", 0), 0xEF46DB3751D8E999u);
  EXPECT_EQ(xxh64("a", 1), 0xD24EC4F1A98C6E5Bu);
  EXPECT_EQ(xxh64("abc", 3), 0x44BC2CF5AD770999u);
  const std::string fox = "The quick brown fox jumps over the lazy dog";
  EXPECT_EQ(xxh64(fox.data(), fox.size()), 0x0B242D361FDA71BCu);
}

}  // namespace
}  // namespace poster::io

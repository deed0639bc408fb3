// Pickles made by hand: what they mean, and what hostile ones come to.
#include <gtest/gtest.h>

#include <algorithm>

#include "engine/error.h"
#include "io/torch/pickle_names.h"
#include "tests/io/torch/torch_bytes.h"
#include "tests/support/temporary_folder.h"

namespace poster::io {
namespace {

using namespace test;

// The value of a pickle within a file, printed; or what is wrong with the file.
std::string read(const std::string& value, bool ignore_unsafe = false, const Entries& storages = {}) {
  const std::string bytes = torch_zip(value, storages);
  const std::string error = error_of_file(bytes, ignore_unsafe);
  return error.empty() ? describe(open(bytes, ignore_unsafe).root(), 300) : error;
}

void expect_refused(const std::string& value, const std::string& part, const Entries& storages = {}) {
  const std::string message = read(value, false, storages);
  EXPECT_EQ(message.find("hand.pth: "), 0u) << message;
  EXPECT_NE(message.find(part), std::string::npos) << message;
  EXPECT_EQ(message.find('\n'), std::string::npos) << message;
  EXPECT_LT(message.size(), 450u) << message;
}

std::string repeated(const std::string& text, int count) {
  std::string all;
  for (int i = 0; i < count; ++i) all += text;
  return all;
}

TEST(TorchPickle, ValuesOfEveryProtocol) {
  const std::pair<std::string, std::string> cases[] = {
      {"N", "None"},
      {"\x88", "True"},
      {"I01\n", "True"},
      {"I00\n", "False"},
      {"I1\n", "1"},
      {"I-12\n", "-12"},
      {"L123456789012L\n", "123456789012"},
      {"L-5\n", "-5"},
      {"F1.5\n", "1.5"},
      {"K\xff", "255"},
      {"M\xff\xff", "65535"},
      {"J\xff\xff\xff\xff", "-1"},
      {"\x8a\x01\xff"s, "-1"},
      {"\x8a\x02\xff\x00"s, "255"},
      {"\x8a\x00"s, "0"},
      {"\x8a\x08" + little_endian(INT64_MIN), "-9223372036854775808"},
      {"\x8a\x09" + std::string(9, '\1'), "<big integer>"},
      {"\x8b\x02\x00\x00\x00\x00\x80"s, "-32768"},
      {"G\x3f\xf8\0\0\0\0\0\0"s, "1.5"},
      {"\x8c\x02hi", "'hi'"},
      {"X\x02\x00\x00\x00hi"s, "'hi'"},
      {"\x8d\x02\x00\x00\x00\x00\x00\x00\x00hi"s, "'hi'"},
      {"U\x02hi", "'hi'"},
      {"T\x02\x00\x00\x00hi"s, "'hi'"},
      {"U\x02\xff\xfe", "<2 bytes>"},
      {text("a\nb\"\x01"), R"('a\nb\"\u0001')"},
      {"C\x02hi", "<2 bytes>"},
      {"B\x02\x00\x00\x00hi"s, "<2 bytes>"},
      {"\x8e\x02\x00\x00\x00\x00\x00\x00\x00hi"s, "<2 bytes>"},
      {"\x96\x02\x00\x00\x00\x00\x00\x00\x00hi"s, "<2 bytes>"},
      {"\x95\x01\x00\x00\x00\x00\x00\x00\x00N"s, "None"},
      {"(K\1K\2t", "(1, 2)"},
      {")", "()"},
      {"K\1\x85", "(1,)"},
      {"K\1K\2\x86", "(1, 2)"},
      {"K\1K\2K\3\x87", "(1, 2, 3)"},
      {"](K\1K\2e", "[1, 2]"},
      {"]K\1a", "[1]"},
      {"(K\1K\2l", "[1, 2]"},
      {"(K\1K\2d", "{1: 2}"},
      {"}K\1K\2s", "{1: 2}"},
      {"}(K\1K\2K\3K\4u", "{1: 2, 3: 4}"},
      {"\x8f(K\1K\2\x90", "{1, 2}"},
      {"(K\1\x91", "{1}"},
      {"](K\1q\0h\0e"s, "[1, 1]"},
      {"]K\1r\0\0\0\0aj\0\0\0\0a"s, "[1, 1]"},
      {"]K\1\x94h\0ee"s.substr(0, 2) + "\1\x94" + "ah\0a"s, "[1, 1]"},
      {"K\1K\0020", "1"},
      {"K\1(K\2K\0031", "1"},
      {"K\1(0", "1"},
      {"K\0012\x86", "(1, 1)"},
      {global("a", "B"), "a.B"},
      {text("a") + text("B.C") + "\x93", "a.B.C"},
      {call(global("a", "B"), {"K\1"}), "a.B(1,)"},
      {global("a", "B") + ")\x81", "a.B()"},
      {global("a", "B") + "K\1\x85" + dict({{"k", "K\2"}}) + "\x92", "a.B((1,), {'k': 2})"},
      {"(K\1ia\nB\n", "a.B(1,)"},
      {"(" + global("a", "B") + "K\1o", "a.B(1,)"},
      {global("a", "B") + ")\x81" + dict({{"x", "K\1"}}) + "b", "a.B() with {'x': 1}"},
      {global("collections", "OrderedDict") + "(](](K\1K\2eetR", "{1: 2}"},
      {global("collections", "OrderedDict") + ")\x81", "{}"},
      {call(global("torch", "Size"), {"K\1K\2\x86"}), "(1, 2)"},
      {call(global("_codecs", "encode"), {text("\xc3\xbf"), text("latin1")}), "<1 bytes>"},
      {call(global("_codecs", "encode"), {text("€"), text("latin1")}), "_codecs.encode('€', 'latin1')"},
      {call(global("__builtin__", "set"), {"](K\1e"}), "{1}"},
      {call(global("builtins", "bytearray"), {"C\2ab"}), "<2 bytes>"},
      {call(global("builtins", "bytes"), {}), "<0 bytes>"},
      {call(global("copy_reg", "_reconstructor"), {global("a", "B"), global("__builtin__", "object"), "N"}),
       "a.B(a.B, __builtin__.object, None)"},
  };
  for (const auto& [value, printed] : cases) EXPECT_EQ(read(value), printed);
}

TEST(TorchPickle, BytesAsProtocol2WritesThem) {
  const std::string bytes = torch_zip(
      call(global("_codecs", "encode"), {text("a\xc2\x80\xc2\xbf\xc3\x80\xc3\xbf"), text("latin1")}));
  EXPECT_EQ(open(bytes).root().as_bytes(), "a\x80\xbf\xc0\xff");
}

TEST(TorchPickle, NumPyScalarsAreNumbers) {
  const auto scalar = [](const std::string& type, const std::string& bytes, const std::string& order = "<") {
    const std::string dtype =
        call(global("numpy", "dtype"), {text(type), "\x89", "\x88"}) + "(K\3" + text(order) + "tb";
    return call(global("numpy.core.multiarray", "scalar"),
                {dtype, "C" + std::string(1, static_cast<char>(bytes.size())) + bytes});
  };
  EXPECT_EQ(read(scalar("f8", little_endian(0.75))), "0.75");
  EXPECT_EQ(read(scalar("f4", little_endian(0.5f))), "0.5");
  EXPECT_EQ(read(scalar("f2", "\x00\x3c"s)), "1");
  EXPECT_EQ(read(scalar("i8", little_endian(std::int64_t{-3}))), "-3");
  EXPECT_EQ(read(scalar("u4", "\xff\xff\xff\xff")), "4294967295");
  EXPECT_EQ(read(scalar("b1", "\1")), "True");
  EXPECT_EQ(read(scalar("f8", "1234")).find("numpy.core.multiarray.scalar("), 0u);
  EXPECT_EQ(read(scalar("f8", little_endian(0.75), ">")).find("numpy.core.multiarray.scalar("), 0u);
}

TEST(TorchPickle, WhatIsNoPickleIsRefused) {
  const std::pair<std::string, std::string> cases[] = {
      {"", "ends in the middle"},
      {"NN", "ends in the middle"},
      {"N(", "ends in the middle"},
      {"0", "takes more than there is"},
      {"(K\1(0"
       "a",
       "takes more than there is"},
      {"](K\1ae", "takes more than there is"},
      {"K\1(K\2\x86t", "takes more than there is"},
      {"t", "lacks a mark"},
      {"K\1a", "takes more than there is"},
      {"K\1K\2a", "appends to 1"},
      {"K\1K\2K\3s", "sets entries of 1"},
      {"}(K\1u", "a key without a value"},
      {"h\5", "recalls what it never noted"},
      {"Nr\xff\xff\xff\xff", "gaps in its memo"},
      {"K\1)R", "calls 1"},
      {global("a", "B") + "K\1R", "calls with 1"},
      {"K\1Nb", "sets the state of 1"},
      {"K\1Q", "refers to 1 outside"},
      {"Pid\n", "opcode 80"},
      {"S'x'\n", "opcode 83"},
      {"\x82\1", "opcode 130"},
      {"\x97", "opcode 151"},
      {"\x80\6N", "protocol later than 5"},
      {"\x95\xff\xff\xff\xff\xff\xff\xff\x7f"
       "N",
       "cut short"},
      {"X\xff\xff\xff\xff", "cut short"},
      {"\x8d\xff\xff\xff\xff\xff\xff\xff\xff", "cut short"},
      {"\x8e\xff\xff\xff\xff\xff\xff\xff\x7f", "cut short"},
      {"T\xff\xff\xff\xff", "negative size"},
      {"\x8b\xff\xff\xff\xff", "negative size"},
      {"I12", "cut short"},
      {"Ix\n", "broken number"},
      {"I99999999999999999999\n", "broken number"},
      {"F1.5x\n", "broken number"},
      {"c\nB\n", "broken name"},
      {"ca\n\xff\n", "broken name"},
      {"K\1K\2\x93", "broken name"},
      {"N.N", "stands behind its pickle"},
      {dict({{"k", "N"}, {"k", "N"}}), "the key \"k\" stands twice"},
  };
  for (const auto& [value, part] : cases) expect_refused(value, part);
}

TEST(TorchPickle, ValuesThatHoldThemselvesAreHarmless) {
  EXPECT_EQ(read("]q\0h\0a"s), "[[[[[[[...]]]]]]]");
  EXPECT_EQ(read("}q\0(K\1h\0u"s), "{1: {1: {1: {1: {1: {1: {...: ...}}}}}}}");
  EXPECT_NE(read(global("a", "B") + ")\x81q\0h\0b"s).find("with a.B() with"), std::string::npos);
  // Each list holds the one before twice: 2^30 leaves.
  EXPECT_EQ(read("]q\0"s + "0" + repeated("](h\0h\0eq\0"s + "0", 30) + "h\0"s).substr(0, 9), "[[[[[[[..");
}

TEST(TorchPickle, DeepNestingNeitherOverflowsNorTakesMuchMemory) {
  for (const std::string& wrap : {"\x85"s, "(t"s}) {
    expect_refused("N" + repeated(wrap == "(t" ? "\x85" : wrap, 1'000'000), "more memory than the file");
  }
  EXPECT_EQ(read("N" + repeated("\x85", 100'000)), "(((((((...,),),),),),),)");
  expect_refused(repeated("(", 2'000'000), "memory");
  expect_refused(repeated("]", 1'000'000) + repeated("a", 999'999), "more memory than the file");
  EXPECT_EQ(read(repeated("]", 100'000) + repeated("a", 99'999)), "[[[[[[[...]]]]]]]");
  // A few bytes that ask for a lot: a list of a thousand, made into a set again and again.
  const std::string list = "](" + repeated("K\1", 1000) + "e\x85q\0"s + global("__builtin__", "set") + "q\1";
  expect_refused(list + repeated("h\1h\0R"s, 100'000), "more memory than the file");
}

TEST(TorchPickle, UnsafeNamesAreRefusedAndNamed) {
  const std::pair<const char*, const char*> unsafe[] = {
      {"posix", "system"},
      {"os", "system"},
      {"nt", "system"},
      {"subprocess", "Popen"},
      {"sys", "exit"},
      {"builtins", "eval"},
      {"__builtin__", "eval"},
      {"builtins", "exec"},
      {"builtins", "getattr"},
      {"builtins", "__import__"},
      {"builtins", "open"},
      {"builtins", "compile"},
      {"builtins", "print"},
      {"importlib", "import_module"},
      {"importlib.util", "find_spec"},
      {"runpy", "run_path"},
      {"shutil", "rmtree"},
      {"socket", "socket"},
      {"pty", "spawn"},
      {"pickle", "loads"},
      {"_pickle", "loads"},
      {"marshal", "loads"},
      {"ctypes", "CDLL"},
      {"webbrowser", "open"},
      {"operator", "attrgetter"},
      {"_operator", "methodcaller"},
      {"functools", "reduce"},
      {"functools", "partial.__self__"},
      {"torch", "functools.partial"},
      {"torch.hub", "load"},
      {"torch", "load"},
      {"torch.storage", "_load_from_bytes"},
      {"torch.jit", "load"},
      {"torch.serialization", "load"},
      {"numpy", "load"},
      {"types", "FunctionType"},
      {"timeit", "timeit"},
      {"urllib.request", "urlopen"},
      {"torch", "os.system"},
      {"torch.serialization", "os.system"},
      {"a", "B.__globals__.get"},
  };
  for (const auto& [module, name] : unsafe) {
    const std::string full = std::string(module) + "." + name;
    for (const std::string& value : {call(global(module, name), {text("x")}), global(module, name),
                                     text(module) + text(name) + "\x93" + text("x") + "\x85R"}) {
      expect_refused(value, "wants to run \"" + full + "\" when loaded");
      const std::string bytes = torch_zip(value);
      EXPECT_EQ(open(bytes, true).unsafe_names(), std::vector<std::string>{full});
    }
    EXPECT_EQ(read(call(global(module, name), {text("x")}), true), full + "('x',)");
  }
  expect_refused(call(call(global("a", "B"), {}), {}), "call what \"a.B\" gives");
  EXPECT_EQ(read(call(call(global("a", "B"), {}), {}), true), "()");
}

TEST(TorchPickle, HarmlessNamesStayNames) {
  const std::pair<const char*, const char*> harmless[] = {{"__main__", "RecorderMeter"},
                                                          {"models.os", "Net"},
                                                          {"utils.operator", "Op"},
                                                          {"torch.nn.modules.conv", "Conv2d"},
                                                          {"collections", "OrderedDict"},
                                                          {"builtins", "set"},
                                                          {"argparse", "Namespace"},
                                                          {"pathlib", "PosixPath"},
                                                          {"osgeo", "System"},
                                                          {"types", "SimpleNamespace"},
                                                          {"torch", "device"},
                                                          {"test", "Config"},
                                                          {"functools", "partial"},
                                                          {"omegaconf.dictconfig", "DictConfig"},
                                                          {"numpy.core.multiarray", "scalar"},
                                                          {"systems", "Popen"},
                                                          {"torch.serialization", "_get_layout"}};
  for (const auto& [module, name] : harmless)
    EXPECT_FALSE(is_unsafe_name(module, name)) << module << "." << name;
}

// timm's norm_layer: partial(LayerNorm, eps=1e-6) in a file's arguments. What a partial would give is never
// called, nor is a file taken that wants it.
TEST(TorchPickle, APartialIsDataUnlessItIsCalled) {
  const std::string partial = call(global("functools", "partial"), {global("torch.nn", "LayerNorm")});
  EXPECT_EQ(read(dict({{"norm_layer", partial}})), "{'norm_layer': functools.partial(torch.nn.LayerNorm,)}");
  expect_refused(call(partial, {text("x")}), "call what \"functools.partial\" gives");
  expect_refused(call(global("functools", "partial"), {global("os", "system"), text("x")}),
                 "wants to run \"os.system\"");
}

TEST(TorchPickle, TensorsThatDontFitTheirStorage) {
  const Entries four{{"0", std::string(16, 'x')}};
  const std::string base = storage("FloatStorage", "0", 4);
  EXPECT_EQ(read(tensor(base, 0, {4}, {1}), false, four), "<tensor 0>");
  EXPECT_EQ(read(tensor(base, 2, {2}, {1}), false, four), "<tensor 0>");
  EXPECT_EQ(read(tensor(base, 0, {1000, 4}, {0, 1}), false, four), "<tensor 0>");
  EXPECT_EQ(read(tensor(base, 100, {0}, {1}), false, four), "<tensor 0>");
  const std::int64_t big = std::int64_t{1} << 62;
  const std::pair<std::string, std::string> cases[] = {
      {tensor(base, 0, {5}, {1}), "F32 [5] reaches beyond its storage (storage \"0\")"},
      {tensor(base, 1, {4}, {1}), "reaches beyond"},
      {tensor(base, 4, {1}, {1}), "reaches beyond"},
      {tensor(base, 4, {}, {}), "reaches beyond"},
      {tensor(base, 0, {2, 2}, {3, 1}), "reaches beyond"},
      {tensor(base, 0, {big, 2}, {1, 1}), "reaches beyond"},
      {tensor(base, 0, {big, 8}, {big, 1}), "reaches beyond"},
      {tensor(base, INT64_MAX, {2}, {1}), "reaches beyond"},
      {tensor(base, -1, {1}, {1}), "the offset of a tensor is -1"},
      {tensor(base, 0, {-1}, {1}), "the shape of a tensor is (-1,)"},
      {tensor(base, 0, {2}, {-1}), "the strides of a tensor is (-1,)"},
      {tensor(base, 0, {2}, {1, 1}), "shape (2,) and the strides (1, 1)"},
      {tensor(base, 0, std::vector<std::int64_t>(65, 1), std::vector<std::int64_t>(65, 1)), "the shape"},
      {tensor("N", 0, {2}, {1}), "a tensor is made of"},
      {tensor(storage("FloatStorage", "0", 5), 0, {4}, {1}), "holds 16 bytes for 5 elements of 4 bytes"},
      {tensor(storage("FloatStorage", "0", 3), 0, {3}, {1}), "holds 16 bytes for 3 elements"},
      {tensor(storage("FloatStorage", "0", big), 0, {4}, {1}), "impossible storage"},
      {tensor(storage("FloatStorage", "0", big / 2), 0, {4}, {1}), "holds 16 bytes"},
      {tensor(storage("FloatStorage", "0", -4), 0, {4}, {1}), "number of elements of a tensor is -4"},
      {tensor(storage("DoubleStorage", "0", 4), 0, {4}, {1}), "holds 16 bytes for 4 elements of 8"},
      {tensor(storage("FloatStorage", "1", 4), 0, {4}, {1}), "entry \"a/data/1\" is missing"},
      {tensor(storage("FloatStorage", "../0", 4), 0, {4}, {1}), "entry \"a/data/../0\" is missing"},
      {tensor(storage("TextStorage", "0", 4), 0, {4}, {1}), "unknown type torch.TextStorage"},
      {tensor(base, 0, {4}, {1}) + tensor(storage("IntStorage", "0", 4), 0, {4}, {1}) + "\x86",
       "in two ways"},
      {tensor(storage("UntypedStorage", "0", 16), 0, {4}, {1}), "a storage without a type"},
      {call(global("torch._utils", "_rebuild_tensor_v2"), {}), "a tensor is made of ()"},
      {call(global("torch._utils", "_rebuild_parameter"), {"N"}), "a parameter is made of"},
  };
  for (const auto& [value, part] : cases) expect_refused(value, part, four);
}

TEST(TorchPickle, ATensorThatRepeatsItselfEndlesslyIsNotMaterialised) {
  const Entries four{{"0", std::string(16, 'x')}};
  const std::string bytes = torch_zip(tensor(storage("FloatStorage", "0", 4), 0, {1 << 30, 4}, {0, 1}), four);
  const TorchFile file = open(bytes);
  ASSERT_EQ(file.tensors().size(), 1u);
  EXPECT_NE(message_of<Error>([&] { file.read(0); }).find("repeats its elements to more than twice the file"),
            std::string::npos);
}

TEST(TorchPickle, TensorsOfOtherKindsAreCountedNotRead) {
  const Entries eight{{"0", std::string(8, 'x')}};
  const auto v3 = [](const std::string& type) {
    return call(global("torch._utils", "_rebuild_tensor_v3"),
                {tuple({text("storage"), global("torch.storage", "UntypedStorage"), text("0"), text("cpu"),
                        "K\x08"}) +
                     "Q",
                 "K\0"s, numbers({2}), numbers({1}), "\x89", "N", global("torch", type)});
  };
  const auto special = [](const std::string& flag, const std::string& value) {
    return call(global("torch._utils", "_rebuild_tensor_v2"),
                {storage("FloatStorage", "0", 2), "K\0"s, numbers({2}), numbers({1}), "\x89", "N",
                 dict({{flag, value}})});
  };
  const auto unsupported = [&](const std::string& value) {
    const std::string bytes = torch_zip(value, eight);
    EXPECT_EQ(error_of_file(bytes), "");
    const TorchFile file = open(bytes);
    EXPECT_EQ(file.tensors().empty(), !file.unsupported_tensors().empty());
    return file.unsupported_tensors().empty() ? std::string() : file.unsupported_tensors().front();
  };
  EXPECT_EQ(unsupported(v3("uint32")), "");
  EXPECT_EQ(unsupported(v3("float8_e4m3fn")), "torch.float8_e4m3fn");
  EXPECT_EQ(unsupported(tensor(storage("ComplexFloatStorage", "0", 1), 0, {1}, {1})), "complex or quantized");
  EXPECT_EQ(unsupported(special("neg", "\x88")), "negated or conjugated view");
  EXPECT_EQ(unsupported(special("neg", "\x89")), "");
  EXPECT_EQ(unsupported(call(global("torch._utils", "_rebuild_sparse_tensor"), {})),
            "torch._utils._rebuild_sparse_tensor");
  EXPECT_EQ(
      unsupported(call(
          global("torch._tensor", "_rebuild_from_type_v2"),
          {global("torch._utils", "_rebuild_tensor_v2"), global("a", "Sub"),
           tuple({storage("FloatStorage", "0", 2), "K\0"s, numbers({2}), numbers({1}), "\x89", "N"}), "N"})),
      "");
}

}  // namespace
}  // namespace poster::io

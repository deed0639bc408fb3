// What PyTorch itself makes of our files, and we of its. Needs a Python with torch and numpy: POSTER_PYTHON,
// else python3; skipped without one.
#include <gtest/gtest.h>

#include <fstream>

#include "engine/error.h"
#include "io/torch/torch_file.h"
#include "io/torch/torch_writer.h"
#include "io/weights/safetensors.h"
#include "tests/support/torch_peer.h"

namespace poster::io {
namespace {

using test::TorchPeer;

TensorView view_of(DType dtype, std::vector<std::int64_t> shape, const std::vector<std::byte>& bytes) {
  return {dtype, std::move(shape), bytes};
}

TEST_F(TorchPeer, LoadsWhatWeWrite) {
  constexpr DType kTypes[] = {DType::f64, DType::f32, DType::f16, DType::bf16, DType::i64, DType::i32,
                              DType::i16, DType::i8,  DType::u64, DType::u32,  DType::u16, DType::u8};
  std::vector<std::byte> bytes(2 * 3 * 8);
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = std::byte(i % 100);  // no NaN in any type
  const std::vector<std::byte> flags{std::byte{1}, std::byte{0}, std::byte{1}};
  TorchValue::Entries state;
  for (const DType dtype : kTypes)
    state.emplace_back(std::string(name_of(dtype)),
                       TensorView{dtype, {2, 3}, std::span(bytes).first(6 * size_of(dtype))});
  state.emplace_back("BOOL", view_of(DType::boolean, {3}, flags));
  state.emplace_back("scalar", TensorView{DType::f64, {}, std::span(bytes).first(8)});
  state.emplace_back("empty", TensorView{DType::f32, {0, 3}, {}});
  write_torch_file(
      folder_ / "ours.pth",
      TorchValue::dict(
          {{"epoch", 7},
           {"state_dict",
            TorchValue::ordered_dict(std::move(state),
                                     TorchValue::ordered_dict({{"", TorchValue::dict({{"version", 1}})}}))},
           {"values", TorchValue::list({TorchValue(), true, false, -1, 255, 65536, std::int64_t{1} << 40,
                                        std::int64_t{-1} << 63, 0.1, "größe", TorchValue::list({}),
                                        TorchValue::tuple({1, "a"}), TorchValue::dict({{3, "c"}})})}}));
  expect_runs(R"(
import collections, torch
for options in ({}, {"mmap": True}):
    d = torch.load("ours.pth", weights_only=True, **options)
    assert list(d) == ["epoch", "state_dict", "values"] and d["epoch"] == 7
    s = d["state_dict"]
    assert type(s) is collections.OrderedDict and s._metadata == {"": {"version": 1}}, s
    types = dict(F64=torch.float64, F32=torch.float32, F16=torch.float16, BF16=torch.bfloat16, I64=torch.int64,
                 I32=torch.int32, I16=torch.int16, I8=torch.int8, U64=torch.uint64, U32=torch.uint32,
                 U16=torch.uint16, U8=torch.uint8)
    raw = torch.tensor([i % 100 for i in range(48)], dtype=torch.uint8)
    for name, dtype in types.items():
        t = s[name]
        want = raw[: 6 * dtype.itemsize].clone().view(dtype).reshape(2, 3)
        assert t.dtype == dtype and t.is_contiguous() and not t.requires_grad and torch.equal(t, want), (name, t)
    assert s["BOOL"].tolist() == [True, False, True] and s["BOOL"].dtype == torch.bool
    assert s["scalar"].shape == () and torch.equal(s["scalar"], raw[:8].clone().view(torch.float64)[0])
    assert s["empty"].shape == (0, 3)
    assert d["values"] == [None, True, False, -1, 255, 65536, 2**40, -2**63, 0.1, "größe", [], (1, "a"), {3: "c"}]
    assert type(d["values"][1]) is bool
import zipfile
assert zipfile.ZipFile("ours.pth").testzip() is None
)");
}

// The optimizer's and the model's own loading functions take our dict: what the reference's code resumes
// from.
TEST_F(TorchPeer, ModulesAndOptimizersResumeFromOurFile) {
  std::vector<float> weight{1, 2, 3, 4, 5, 6}, bias{7, 8}, moment(6, 0.5f), bias_moment(2, 0.25f);
  const auto view = [](const std::vector<float>& values, std::vector<std::int64_t> shape) {
    return TensorView{DType::f32, std::move(shape), std::as_bytes(std::span(values))};
  };
  const float step = 3;
  const TensorView steps{DType::f32, {}, std::as_bytes(std::span(&step, 1))};
  const auto adam = [&](const TensorView& m) {
    return TorchValue::dict({{"step", steps}, {"exp_avg", m}, {"exp_avg_sq", m}});
  };
  TorchValue::Entries group{{"lr", 3.5e-5},
                            {"betas", TorchValue::tuple({0.9, 0.999})},
                            {"eps", 1e-8},
                            {"weight_decay", 0},
                            {"amsgrad", false},
                            {"maximize", false},
                            {"foreach", TorchValue()},
                            {"capturable", false},
                            {"differentiable", false},
                            {"fused", TorchValue()},
                            {"params", TorchValue::list({0, 1})}};
  write_torch_file(
      folder_ / "ours.pth",
      TorchValue::dict(
          {{"epoch", 3},
           {"state_dict", TorchValue::ordered_dict(
                              {{"module.weight", view(weight, {2, 3})}, {"module.bias", view(bias, {2})}})},
           {"best_acc", TensorView{DType::f32, {1}, std::as_bytes(std::span(&step, 1))}},
           {"optimizer",
            TorchValue::dict({{"state", TorchValue::dict({{0, adam(view(moment, {2, 3}))},
                                                          {1, adam(view(bias_moment, {2}))}})},
                              {"param_groups", TorchValue::list({TorchValue::dict(std::move(group))})}})}}));
  expect_runs(R"(
import torch
d = torch.load("ours.pth", weights_only=True)
class Wrapped(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.module = torch.nn.Linear(3, 2)
m = Wrapped()
m.load_state_dict(d["state_dict"])
assert m.module.weight.tolist() == [[1, 2, 3], [4, 5, 6]] and m.module.bias.tolist() == [7, 8]
o = torch.optim.Adam(m.parameters())
o.load_state_dict(d["optimizer"])
assert o.state[m.module.weight]["exp_avg"].tolist() == [[0.5] * 3] * 2
assert o.param_groups[0]["lr"] == 3.5e-5
m.module.weight.grad = torch.ones(2, 3); m.module.bias.grad = torch.ones(2)
o.step()
assert float(o.state[m.module.bias]["step"]) == 4
)");
}

// Every way of saving: both formats, protocols 1 to 5. Beside each file lie the elements of its tensors, as
// PyTorch has them.
constexpr const char* kWriteFiles = R"(
import argparse, collections, datetime, enum, json, pathlib, warnings
import numpy, torch
warnings.simplefilter("ignore")
torch.manual_seed(1)
class Meter:
    def __init__(self): self.values = numpy.arange(6, dtype=numpy.float32).reshape(2, 3); self.best = 0.5
class Table(dict): pass
class Slots:
    __slots__ = ("a",)
    def __init__(self): self.a = 3
table = Table(x=1); table.y = 2
slots = Slots()
base = torch.randn(5, 7, 3)
kinds = [torch.float64, torch.float32, torch.float16, torch.bfloat16, torch.int64, torch.int32, torch.int16, torch.int8,
         torch.uint8, torch.bool, torch.uint16, torch.uint32, torch.uint64]
tensors = {str(k)[6:]: (torch.randn(4, 5) * 50).to(torch.int64).abs().to(k) for k in kinds}
tensors.update(base=base, transposed=base.permute(2, 0, 1), part=base[1:4, ::2, 1], flat=base.view(-1)[10:20],
               expanded=torch.arange(3.0).expand(4, 3), scalar=torch.tensor(2.5), empty=torch.zeros(0, 3),
               parameter=torch.nn.Parameter(base[0]), channels=torch.randn(2, 3, 4, 5).to(memory_format=torch.channels_last),
               overlapping=torch.arange(10.0).as_strided((4, 4), (1, 2)), one=torch.randn(1, 1, 1).transpose(0, 2))
model = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.BatchNorm1d(4))
def raw(t): return t.detach().contiguous().reshape(-1).view(torch.uint8).numpy().tobytes() if t.numel() else b""
def content():
    return dict(tensors=dict(tensors), state=model.state_dict(), text="größe", big=2**100, negative=-5, none=None,
                long=2**40, number=0.1, flags=[True, False], tuple=(1, (2,), ()), set={1, 2}, frozen=frozenset([3]),
                default=collections.defaultdict(list, a=[1]), counter=collections.Counter("aab"), meter=Meter(),
                table=table, slots=slots, options=argparse.Namespace(lr=0.1), path=pathlib.PurePosixPath("/a/b"),
                when=datetime.datetime(2020, 1, 2), device=torch.device("cpu"), dtype=torch.float16,
                size=torch.Size([1, 2]), np_scalar=numpy.float64(0.75), np_int=numpy.int64(-3), raw=b"\x00\xff\x80",
                array=bytearray(b"\x01\x02"), complex_tensor=torch.ones(2, dtype=torch.complex64), c=complex(1, 2),
                key_kinds={1: "one", (1, 2): "pair", None: "none", 2.5: "float"}, slice=slice(1, 2), range=range(3))
index = {}
for protocol in range(1, 6):
    for legacy in (False, True):
        name = f"{'legacy' if legacy else 'zip'}{protocol}.pth"
        d = content()
        if protocol < 2: del d["slots"]
        if legacy: d["tensors"] = {k: v for k, v in tensors.items() if not k.startswith("uint") or k == "uint8"}
        torch.save(d, name, _use_new_zipfile_serialization=not legacy, pickle_protocol=protocol)
torch.serialization.set_crc32_options(False)
torch.save(content(), "nocrc2.pth")
for k, t in tensors.items():
    open(k + ".raw", "wb").write(raw(t))
for k, t in model.state_dict().items():
    open("state." + k + ".raw", "wb").write(raw(t))
json.dump({k: list(t.shape) for k, t in tensors.items()}, open("shapes.json", "w"))
)";

// Reads one of these files and compares everything in it.
void expect_content(const std::filesystem::path& folder, const std::string& name) {
  SCOPED_TRACE(name);
  const TorchFile file(folder / name);
  const PickleValue& root = file.root();
  const auto at = [&](std::string_view key) { return *root.find(key); };
  const auto expect_tensor = [&](const PickleValue& tensor, const std::string& raw_name) {
    const TorchElements elements = file.read(tensor);
    const std::string wanted = test::read_file(folder / (raw_name + ".raw"));
    const auto bytes = elements.view().bytes;
    EXPECT_EQ(std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size()), wanted) << raw_name;
  };
  const PickleValue tensors = at("tensors"), state = at("state");
  EXPECT_EQ(tensors.entry_count(), name.starts_with("legacy") ? 21u : 24u);
  for (std::size_t i = 0; i < tensors.entry_count(); ++i)
    expect_tensor(tensors.value(i), std::string(tensors.key(i).as_text()));
  EXPECT_EQ(state.entry_count(), 7u);
  for (std::size_t i = 0; i < state.entry_count(); ++i)
    expect_tensor(state.value(i), "state." + std::string(state.key(i).as_text()));
  EXPECT_NE(state.state().find("_metadata"), nullptr);
  EXPECT_EQ(file.read(*tensors.find("expanded")).view().shape, (std::vector<std::int64_t>{4, 3}));
  EXPECT_TRUE(file.tensors()[tensors.find("parameter")->index()].requires_grad);

  EXPECT_EQ(at("text").as_text(), "größe");
  EXPECT_EQ(at("big").kind(), PickleKind::big_integer);
  EXPECT_EQ(at("negative").as_integer(), -5);
  EXPECT_EQ(at("long").as_integer(), std::int64_t{1} << 40);
  EXPECT_EQ(at("number").as_number(), 0.1);
  EXPECT_EQ(describe(at("flags")), "[True, False]");
  EXPECT_EQ(describe(at("tuple")), "(1, (2,), ())");
  EXPECT_EQ(describe(at("set")), "{1, 2}");
  EXPECT_EQ(describe(at("frozen")), "{3}");
  EXPECT_EQ(describe(at("default")), "{'a': [1]}");
  EXPECT_EQ(describe(at("counter")), "{'a': 2, 'b': 1}");
  EXPECT_EQ(at("meter").text(), "__main__.Meter");
  EXPECT_EQ(at("meter").state().find("best")->as_number(), 0.5);
  // NumPy goes through another function in protocol 5.
  const PickleValue array = *at("meter").state().find("values");
  EXPECT_EQ((array.text() == "numpy.ndarray" ? array.state()[4] : array.arguments()[0]).as_bytes().size(),
            24u);
  EXPECT_EQ(at("table").text(), "__main__.Table");
  EXPECT_EQ(at("options").state().find("lr")->as_number(), 0.1);
  EXPECT_EQ(at("path").kind(), PickleKind::object);
  EXPECT_EQ(at("when").text(), "datetime.datetime");
  EXPECT_EQ(describe(at("device")), "torch.device('cpu',)");
  EXPECT_TRUE(at("dtype").is_name("torch.float16"));
  EXPECT_EQ(describe(at("size")), "(1, 2)");
  EXPECT_EQ(at("np_scalar").as_number(), 0.75);
  EXPECT_EQ(at("np_int").as_integer(), -3);
  EXPECT_EQ(at("raw").as_bytes(), std::string_view("\x00\xff\x80", 3));
  EXPECT_EQ(at("array").as_bytes(), "\x01\x02");
  EXPECT_EQ(at("complex_tensor").kind(), PickleKind::object);
  EXPECT_EQ(describe(at("key_kinds")), "{1: 'one', (1, 2): 'pair', None: 'none', 2.5: 'float'}");
  EXPECT_EQ(file.unsupported_tensors(), std::vector<std::string>{"complex or quantized"});
  EXPECT_TRUE(file.unsafe_names().empty());
  std::vector<std::string> unknown{"__main__.Meter", "__main__.Slots", "__main__.Table"};
  if (name.find('1') != std::string::npos) std::erase(unknown, "__main__.Slots");
  EXPECT_EQ(file.unknown_names(), unknown);
}

TEST_F(TorchPeer, EveryWayOfSavingIsRead) {
  expect_runs(kWriteFiles);
  if (HasFailure()) return;
  for (int protocol = 1; protocol <= 5; ++protocol)
    for (const std::string format : {"zip", "legacy"})
      expect_content(folder_.path(), format + std::to_string(protocol) + ".pth");
  expect_content(folder_.path(), "nocrc2.pth");
}

}  // namespace
}  // namespace poster::io

#include "io/torch/other_files.h"

#include <algorithm>
#include <cctype>
#include <string_view>
#include <vector>

#include "io/format/join.h"
#include "io/format/quoted_name.h"
#include "io/format/utf8.h"
#include "io/torch/little_endian.h"
#include "io/torch/torch_formats.h"
#include "io/torch/zip_directory.h"

namespace poster::io {
namespace {

bool begins_with_tag(std::string_view text, std::string_view tag) {
  return text.size() >= tag.size() && std::equal(tag.begin(), tag.end(), text.begin(), [](char a, char b) {
           return a == std::tolower(static_cast<unsigned char>(b));
         });
}

std::string explain_zip(std::span<const std::byte> bytes) {
  const ZipDirectory zip(bytes);
  const auto& entries = zip.entries();
  const auto has = [&](std::string_view end) {
    return std::any_of(entries.begin(), entries.end(),
                       [&](const ZipEntry& e) { return e.name.ends_with(end); });
  };
  if (has("/constants.pkl"))
    return "is a TorchScript program, not a checkpoint; in PyTorch: torch.save(torch.jit.load(FILE).state_dict(), NEW)";
  if (has(".npy"))
    return "is a file of NumPy arrays (.npz), not a checkpoint; save a state_dict() in PyTorch";
  if (has("model.weights.h5")) return "is a Keras model, not a PyTorch checkpoint";
  if (has(".pth") || has(".pt") || has(".tar") || has(".safetensors") || has(".ckpt"))
    return "is a zip file with other files in it; unzip it and give what is inside";
  return "is a zip file, but not one of torch.save (no data.pkl in one folder); give a checkpoint";
}

// Kinds that their first bytes tell.
struct Kind {
  std::string_view start, what;
};
constexpr Kind kKinds[] = {
    {"version https://git-lfs",
     "is a Git LFS pointer, not the checkpoint itself; run 'git lfs pull', or download the file by its own link"},
    {"\x1f\x8b", "is a gzip file; unpack it with gunzip and give what is inside"},
    {"BZh", "is a bzip2 file; unpack it with bunzip2 and give what is inside"},
    {"\xFD"
     "7zXZ",
     "is an xz file; unpack it with unxz and give what is inside"},
    {"\x28\xB5\x2F\xFD", "is a zstd file; unpack it with unzstd and give what is inside"},
    {"7z\xBC\xAF\x27\x1C", "is a 7z file; unpack it and give what is inside"},
    {"Rar!\x1A\x07", "is a rar file; unpack it and give what is inside"},
    {"\x89HDF", "is an HDF5 file (Keras), not a PyTorch checkpoint"},
    {"GGUF", "is a GGUF file (llama.cpp), not a PyTorch checkpoint"},
    {"\x93NUMPY", "is a NumPy array, not a checkpoint; save a state_dict() in PyTorch"},
    {"MATLAB", "is a MATLAB file, not a PyTorch checkpoint"},
    {"\xFF\xD8\xFF", "is an image (JPEG), not a checkpoint"},
    {"\x89PNG", "is an image (PNG), not a checkpoint"},
    {"%PDF", "is a PDF, not a checkpoint"},
    {"\x80", "is a Python pickle, but not one of torch.save; load it in Python and save it with torch.save"},
};

// ModelProto of onnx.proto: field 1 (ir_version) is a small number, then comes another of the first fields.
bool is_onnx(std::string_view text) {
  constexpr std::string_view kFields = "\x12\x1A\x22\x28\x32\x3A\x42";
  return text.size() > 2 && text[0] == 8 && text[1] > 0 && text[1] < 32 &&
         kFields.find(text[2]) != std::string_view::npos;
}

// A longer text's beginning; its last character may be cut.
bool is_text(std::string_view text) {
  const auto continues = [](char c) { return static_cast<unsigned char>(c) >= 0x80; };
  for (int i = 0; i < 3 && !text.empty() && continues(text.back()); ++i) text.remove_suffix(1);
  return is_utf8(text) && std::all_of(text.begin(), text.end(), [&](char c) {
           return continues(c) || std::isprint(static_cast<unsigned char>(c)) || c == '\n' || c == '\r' ||
                  c == '\t';
         });
}

// The texts in quotes that end like files of weights, each once: what an index of shards names.
std::vector<std::string_view> shards_of(std::string_view json) {
  std::vector<std::string_view> shards;
  constexpr std::size_t kMax = 4;
  for (std::size_t at = 0; shards.size() < kMax && (at = json.find('"', at)) != std::string_view::npos;) {
    const std::size_t end = json.find('"', at + 1);
    if (end == std::string_view::npos) break;
    const std::string_view text = json.substr(at + 1, end - at - 1);
    at = end + 1;
    if ((text.ends_with(".safetensors") || text.ends_with(".bin") || text.ends_with(".pth")) &&
        std::find(shards.begin(), shards.end(), text) == shards.end())
      shards.push_back(text);
  }
  return shards;
}

std::string explain_json(std::string_view json) {
  if (json.find("\"weight_map\"") == std::string_view::npos)
    return "is a JSON file, not a checkpoint; give the file of weights itself";
  const std::string names = join(shards_of(json), ", ", quoted_name);
  return "is the index of a sharded checkpoint, not the weights, which lie in " +
         (names.empty() ? "other files" : names) +
         "; join these in Python: w = {}; for each of them w.update(safetensors.torch.load_file(FILE)); then safetensors.torch.save_file(w, NEW), and give NEW";
}

std::optional<std::string> explain_text(std::string_view text) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text[0]))) text.remove_prefix(1);
  const std::string_view start = text.substr(0, 1024);
  if (begins_with_tag(start, "<?xml") && start.find("<net") != std::string_view::npos)
    return "is an OpenVINO model, not a PyTorch checkpoint";
  if (begins_with_tag(start, "<!doctype") || begins_with_tag(start, "<html") ||
      begins_with_tag(start, "<head") || begins_with_tag(start, "<?xml"))
    return "is a web page, not a checkpoint: the download went wrong, or asked for a login or a confirmation; open the link in a browser and save the file itself";
  if (start.empty() || !is_text(start)) return std::nullopt;
  if (start[0] == '{') return explain_json(text);
  return "is no file of weights, but a text that begins with " + quoted_name(start.substr(0, 40)) +
         "; check that it is the right file, or download it again";
}

}  // namespace

bool begins_like_safetensors(std::span<const std::byte> bytes) {
  constexpr std::uint64_t kMaxHeader = 100'000'000;
  return bytes.size() > 9 && bytes[8] == std::byte{'{'} && load<std::uint64_t>(bytes.data()) <= kMaxHeader;
}

std::optional<std::string> explain_other_file(std::span<const std::byte> bytes) {
  constexpr std::size_t kMaxText = 1 << 20;
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), std::min(bytes.size(), kMaxText));
  if (text.empty()) return "is empty; download or copy it again";
  if (begins_like_zip(bytes)) return explain_zip(bytes);
  for (const Kind& kind : kKinds)
    if (text.starts_with(kind.start)) return std::string(kind.what);
  if (text.size() > 262 && text.substr(257, 5) == "ustar")
    return "is a tar file: a checkpoint of PyTorch before 0.2, or an archive of other files; unpack it with tar, or load it in PyTorch and save it again";
  if (text.size() > 8 && text.substr(4, 4) == "TFL3")
    return "is a TensorFlow Lite model, not a PyTorch checkpoint";
  if (is_onnx(text))
    return "is an ONNX model, not a PyTorch checkpoint; save the state_dict() of the network it was exported from";
  constexpr std::size_t kStart = 1024;
  if (text.size() >= kStart && text.substr(0, kStart).find_first_not_of('\0') == std::string_view::npos)
    return "begins with zeros alone, as a download that never finished; download it again";
  return explain_text(text);
}

}  // namespace poster::io

#include <algorithm>
#include <cctype>

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
    return "is a TorchScript program, not a checkpoint; in PyTorch: "
           "torch.save(torch.jit.load(FILE).state_dict(), NEW)";
  if (has(".pth") || has(".pt") || has(".tar"))
    return "is a zip file with other files in it; unzip it and give what is inside";
  return "is a zip file, but not one of torch.save (no data.pkl in one folder); give a checkpoint";
}

}  // namespace

std::string explain_other_file(std::span<const std::byte> bytes) {
  std::string_view text(reinterpret_cast<const char*>(bytes.data()),
                        std::min<std::size_t>(bytes.size(), 1024));
  if (text.empty()) return "is empty; download or copy it again";
  if (begins_like_zip(bytes)) return explain_zip(bytes);
  if (text.starts_with("version https://git-lfs"))
    return "is a Git LFS pointer, not the checkpoint itself; run 'git lfs pull', or download the file by its "
           "own link";
  if (bytes.size() > 9 && bytes[8] == std::byte{'{'} && load<std::uint64_t>(bytes.data()) <= bytes.size() - 8)
    return "is a safetensors file; name it .safetensors";
  if (text.substr(0, 2) == "\x1f\x8b") return "is a gzip file; unpack it with gunzip and give what is inside";
  if (text.size() > 262 && text.substr(257, 5) == "ustar")
    return "is a tar file: a checkpoint of PyTorch before 0.2, or an archive of other files; unpack it with "
           "tar, or "
           "load it in PyTorch and save it again";
  if (text.starts_with("\x89HDF")) return "is an HDF5 file (Keras), not a PyTorch checkpoint";
  if (static_cast<unsigned char>(text[0]) == 0x80)
    return "is a Python pickle, but not one of torch.save; load it in Python and save it with torch.save";
  std::string_view page = text;
  if (page.starts_with("\xEF\xBB\xBF")) page.remove_prefix(3);
  while (!page.empty() && std::isspace(static_cast<unsigned char>(page[0]))) page.remove_prefix(1);
  if (begins_with_tag(page, "<!doctype") || begins_with_tag(page, "<html") ||
      begins_with_tag(page, "<head") || begins_with_tag(page, "<?xml"))
    return "is a web page, not a checkpoint: the download went wrong, or asked for a login or a "
           "confirmation; open the "
           "link in a browser and save the file itself";
  return "is not a PyTorch checkpoint; check that it is the right file, or download it again";
}

}  // namespace poster::io

// PyTorch files in the zip format. An input that begins like a zip file is one. Any other input is a pickle,
// put into a zip file whose sizes and CRC-32 fit, beside a storage "0" of 64 bytes: else the fuzzer would
// hardly get past the CRC-32 to what is interesting.
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "io/torch/torch_objects.h"
#include "io/torch/zip_checksum.h"
#include "io/torch/zip_directory.h"
#include "io/torch/zip_writer.h"
#include "tests/fuzz/read_torch.h"

namespace {

using namespace poster::io;

// Keys and sizes of the small ones among the storages that a pickle asks for.
std::map<std::string, std::size_t> storages_of(std::span<const std::byte> pickle) {
  constexpr std::uint64_t kMax = 4096;
  std::map<std::string, std::size_t> sizes;
  TorchContent content(most_memory_for(pickle.size()));
  TorchObjects objects(content, true);
  try {
    Unpickler(pickle, content.tree, objects).read();
  } catch (const poster::Error&) {
    return sizes;
  }
  for (const TorchStorage& storage : content.storages)
    if (sizes.size() < 16 && storage.count <= kMax / storage.element_size)
      sizes[std::string(storage.key)] = storage.count * storage.element_size;
  return sizes;
}

std::vector<std::byte> zip_of(std::span<const std::byte> pickle) {
  std::vector<std::byte> zip;
  ZipWriter writer(
      [&](std::span<const std::byte> bytes) { zip.insert(zip.end(), bytes.begin(), bytes.end()); });
  const auto add = [&](const std::string& name, std::span<const std::byte> content) {
    if (name.size() < 1000) writer.add(name, content, crc32_of(content));
  };
  add("a/data.pkl", pickle);
  for (const auto& [key, size] : storages_of(pickle))
    add("a/data/" + key, std::vector<std::byte>(size, std::byte{1}));
  writer.finish();
  return zip;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto input = std::as_bytes(std::span(data, size));
  const bool ignore_unsafe = size % 4 != 0;
  if (begins_like_zip(input))
    poster::fuzz::read_torch(input, ignore_unsafe);
  else
    poster::fuzz::read_torch(zip_of(input), ignore_unsafe);
  return 0;
}

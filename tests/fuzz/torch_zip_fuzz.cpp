// PyTorch files in the zip format. An input that begins like a zip file is one. Any other input is a pickle,
// put into a zip file whose sizes and CRC-32 fit, beside a storage "0" of 64 bytes: else the fuzzer would
// hardly get past the CRC-32 to what is interesting.
#include <cstdint>

#include "io/torch/zip_checksum.h"
#include "io/torch/zip_directory.h"
#include "io/torch/zip_writer.h"
#include "tests/fuzz/read_torch.h"

namespace {

std::vector<std::byte> zip_of(std::span<const std::byte> pickle) {
  static const std::vector<std::byte> storage(64, std::byte{7});
  std::vector<std::byte> zip;
  poster::io::ZipWriter writer(
      [&](std::span<const std::byte> bytes) { zip.insert(zip.end(), bytes.begin(), bytes.end()); });
  writer.add("a/data.pkl", pickle, poster::io::crc32_of(pickle));
  writer.add("a/data/0", storage, poster::io::crc32_of(storage));
  writer.finish();
  return zip;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto input = std::as_bytes(std::span(data, size));
  const bool ignore_unsafe = size % 4 != 0;
  if (poster::io::begins_like_zip(input))
    poster::fuzz::read_torch(input, ignore_unsafe);
  else
    poster::fuzz::read_torch(zip_of(input), ignore_unsafe);
  return 0;
}

// safetensors files. What is accepted must obey the format's rules.
#include <cstdint>
#include <cstdlib>
#include <cstring>

#include "engine/error.h"
#include "io/weights/safetensors.h"
#include "tests/fuzz/memory_watch.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto input = std::as_bytes(std::span(data, size));
  const poster::fuzz::MemoryWatch watch(size);
  try {
    const poster::io::SafetensorsFile file(input, "f");
    // The tensors fill the data without holes and overlaps, in the order of their names' list.
    std::uint64_t header = 0;
    std::memcpy(&header, data, sizeof header);
    const std::byte* next = input.data() + sizeof header + header;
    for (const std::string& name : file.names()) {
      const poster::TensorView& tensor = file.at(name);
      if (tensor.bytes.data() != next) std::abort();
      next += tensor.bytes.size();
      std::uint64_t bytes = poster::size_of(tensor.dtype);
      for (const std::int64_t side : tensor.shape) bytes *= static_cast<std::uint64_t>(side);
      if (bytes != tensor.bytes.size()) std::abort();
    }
    if (next != input.data() + input.size()) std::abort();
    file.verify_checksum();
  } catch (const poster::Error& error) {
    if (std::strchr(error.what(), '\n') != nullptr) std::abort();
  }
  return 0;
}

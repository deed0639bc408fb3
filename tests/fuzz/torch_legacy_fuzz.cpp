// PyTorch files in the legacy format.
#include <cstdint>

#include "tests/fuzz/read_torch.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  poster::fuzz::read_torch(std::as_bytes(std::span(data, size)), size % 4 != 0);
  return 0;
}

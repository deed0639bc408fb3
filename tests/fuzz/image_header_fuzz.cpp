// What images say of themselves before they are decoded, of every format.
#include <cstdint>
#include <cstdlib>
#include <cstring>

#include "engine/error.h"
#include "io/codec/image_header.h"
#include "tests/fuzz/memory_watch.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const poster::fuzz::MemoryWatch watch(size);
  try {
    const poster::io::ImageHeader header = poster::io::inspect_image_header({data, size}, "f");
    if (header.orientation < 1 || header.orientation > 8) std::abort();
    if (header.width < 0 || header.height < 0 || header.width > UINT32_MAX || header.height > UINT32_MAX)
      std::abort();
  } catch (const poster::Error& error) {
    if (std::strchr(error.what(), '\n') != nullptr) std::abort();
  }
  return 0;
}

// Opens a PyTorch file and uses all that it gives, as programs do.
#pragma once

#include <cstdlib>
#include <cstring>

#include "engine/error.h"
#include "io/torch/torch_file.h"
#include "tests/fuzz/memory_watch.h"

namespace poster::fuzz {

// Only poster::Error may be thrown, with a message on one line; anything else ends the fuzzer.
inline void read_torch(std::span<const std::byte> bytes, bool ignore_unsafe) {
  const MemoryWatch watch(bytes.size());
  try {
    const io::TorchFile file(bytes, "f", {.ignore_unsafe = ignore_unsafe});
    if (!io::is_torch_file(bytes)) std::abort();
    io::describe(file.root(), 1000);
    const io::PickleValue root = file.root();
    for (std::size_t i = 0; i < root.entry_count(); ++i)
      if (root.key(i).is(io::PickleKind::text) && !root.find(root.key(i).as_text())) std::abort();
    for (std::size_t i = 0; i < file.tensors().size(); ++i) {
      try {
        const io::TorchElements elements = file.read(i);
        // Every byte of it can be read.
        std::size_t sum = 0;
        for (const std::byte byte : elements.view().bytes) sum += static_cast<std::size_t>(byte);
        if (sum > 255 * elements.view().bytes.size()) std::abort();
      } catch (const Error&) {  // this tensor can't be read: a wrong CRC-32
      }
    }
  } catch (const Error& error) {
    if (std::strchr(error.what(), '\n') != nullptr) std::abort();
  }
}

}  // namespace poster::fuzz

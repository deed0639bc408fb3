// Opens a PyTorch file and uses all that it gives, as programs do.
#pragma once

#include <cstdlib>
#include <cstring>

#include "engine/error.h"
#include "io/torch/torch_file.h"
#include "io/torch/torch_formats.h"
#include "tests/fuzz/memory_watch.h"

namespace poster::fuzz {

// What is accepted must hold together, by arithmetic other than the reader's: every storage within the file
// and as large as it says, every tensor within its storage.
inline void check_content(std::span<const std::byte> bytes, const io::TorchContent& content) {
  const auto require = [](bool holds) {
    if (!holds) std::abort();
  };
  for (const io::TorchStorage& storage : content.storages) {
    require(static_cast<__int128>(storage.count) * storage.element_size == storage.bytes.size());
    require(storage.bytes.empty() ||
            (storage.bytes.data() >= bytes.data() &&
             storage.bytes.data() + storage.bytes.size() <= bytes.data() + bytes.size()));
  }
  for (const io::TorchTensor& tensor : content.tensors) {
    __int128 last = tensor.offset;
    bool is_empty = false;
    require(tensor.shape.size() == tensor.strides.size());
    for (std::size_t d = 0; d < tensor.shape.size(); ++d) {
      require(tensor.shape[d] >= 0 && tensor.strides[d] >= 0);
      is_empty |= tensor.shape[d] == 0;
      last += static_cast<__int128>(tensor.shape[d] - 1) * tensor.strides[d];
    }
    const auto size = static_cast<__int128>(size_of(tensor.dtype));
    require(is_empty ||
            (last + 1) * size <= static_cast<__int128>(content.storages.at(tensor.storage).bytes.size()));
  }
}

// Only poster::Error may be thrown, with a message on one line; anything else ends the fuzzer.
inline void read_torch(std::span<const std::byte> bytes, bool ignore_unsafe) {
  const MemoryWatch watch(bytes.size());
  try {
    const io::TorchFile file(bytes, "f", {.ignore_unsafe = ignore_unsafe});
    if (!io::is_torch_file(bytes)) std::abort();
    check_content(bytes, file.format() == io::TorchFormat::zip
                             ? *io::read_torch_zip(bytes, ignore_unsafe)
                             : *io::read_torch_legacy(bytes, ignore_unsafe));
    io::describe(file.root(), 1000);
    const io::PickleValue root = file.root();
    for (std::size_t i = 0; i < root.entry_count(); ++i)
      if (root.key(i).is(io::PickleKind::text) && !root.find(root.key(i).as_text())) std::abort();
    for (std::size_t i = 0; i < file.tensors().size(); ++i) {
      try {
        const io::TorchElements elements = file.read(i);
        // Every byte of it can be read.
        // (Its sum keeps the compiler from leaving the reading out.)
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

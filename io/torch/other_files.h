// What people give for a file of weights and is something else: told by content, for every format of weights.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>

namespace poster::io {

// What a file is that is neither PyTorch's nor safetensors, and what to do, behind the file's name and ": "
// in a message. Web pages, Git LFS pointers, indexes of sharded checkpoints, TorchScript programs, other
// programs' models and compressed files are what people meet. Nothing when it is none of them.
std::optional<std::string> explain_other_file(std::span<const std::byte> bytes);

// Whether the content (its first ten bytes are enough) begins as that of a safetensors file: a length that
// the format allows, then '{'.
bool begins_like_safetensors(std::span<const std::byte> bytes);

}  // namespace poster::io

// Checkpoints and state dicts from one format to another.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace poster {

enum class TargetFormat {
  pth,          // PyTorch zip: the reference's dict for a whole network, else the state dict alone
  safetensors,  // the weights alone, with the metadata that prediction needs
  poster,       // our checkpoint, of a whole network
};

struct ConvertOptions {
  TargetFormat target = TargetFormat::pth;
  bool half = false;           // weights in 16 bits; the optimizer's moments are left out
  bool module_prefix = false;  // pth: `module.` in front of the names
  bool bare = false;           // pth, safetensors: the weights alone, without settings and class names
  bool recorders = false;      // pth: see io/checkpoint/torch_checkpoint.h
  bool ignore_unsafe = false;  // of a .pth file
  bool force = false;          // replace an existing file
  // poster: names in label order, where the file has none; in place of the file's with rename_classes. See
  // io/checkpoint/class_names.h.
  std::vector<std::string> classes;
  bool rename_classes = false;
};

// By the extension: .pth, .pt, .tar or .ckpt, and .safetensors. Throws Error for others.
TargetFormat target_by_extension(const std::filesystem::path& path);

// Returns a line that says what was written, and everything that was left out. Throws Error.
std::string convert_checkpoint(const std::filesystem::path& from, const std::filesystem::path& to,
                               const ConvertOptions& options);

}  // namespace poster

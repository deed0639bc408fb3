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
  bool lean = false;         // safetensors: without tensors that no result depends on
  std::string license = {};  // safetensors: of the weights, as their owner states it; stands in the metadata
};

// The license that a file's metadata states; "" where they state none.
inline constexpr const char* kLicenseKey = "license";

// By the extension: .pth, .pt, .tar or .ckpt, and .safetensors. Throws Error for others.
TargetFormat target_by_extension(const std::filesystem::path& path);

// Returns a line that says what was written, and everything that was left out. Throws Error.
std::string convert_checkpoint(const std::filesystem::path& from, const std::filesystem::path& to,
                               const ConvertOptions& options);

// The same for deployment: a whole network's weights as safetensors, with what prediction needs (model, classes, view,
// resizing) and without the optimizer's state and tensors that no result depends on. Throws Error for a file that isn't a whole network or names no classes.
std::string export_checkpoint(const std::filesystem::path& from, const std::filesystem::path& to,
                              ConvertOptions options);

}  // namespace poster

// Reads PyTorch's checkpoint files (.pth, .pt, .pth.tar) without PyTorch, in the zip format (PyTorch 1.6 and
// later) and the legacy format before it. Sources: torch/serialization.py, torch/_utils.py,
// caffe2/serialize/inline_container.h.
//
// Such a file is a pickle, a program that makes objects by calling named functions, and storages of raw bytes
// to which its tensors refer. Here nothing is ever called, whatever a file says. A name is
//   known     _rebuild_tensor_v2, OrderedDict, numpy's scalar, …: what it would make is made here;
//   harmless  a class or function that nobody here knows (__main__.RecorderMeter): its name, arguments and
//             state are kept as a PickleKind::object;
//   unsafe    in modules that reach the system or run code (os, subprocess, builtins.eval, …): no checkpoint
//             needs these, so the file is refused; with ignore_unsafe they are kept like the harmless ones.
// The list of unsafe names is there to tell people that a file is hostile, not for safety: that rests on
// nothing being called.
#pragma once

#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "engine/tensor_view.h"
#include "io/format/mapped_file.h"
#include "io/torch/pickle_value.h"
#include "io/torch/torch_content.h"

namespace poster::io {

struct TorchOptions {
  bool ignore_unsafe = false;  // load the tensors of a file that names unsafe functions
};

// A tensor's elements: in the file where they lie there in row-major order, else copied.
class TorchElements {
 public:
  TorchElements(TensorView view, std::unique_ptr<std::byte[]> copy)
      : view_(std::move(view)), copy_(std::move(copy)) {}
  const TensorView& view() const { return view_; }  // valid as long as this and the TorchFile live
  bool is_copy() const { return copy_ != nullptr; }

 private:
  TensorView view_;
  std::unique_ptr<std::byte[]> copy_;
};

// An open checkpoint. The file is mapped, not read: only what is asked for takes memory. It must not be cut
// short while it is open. Every violation of the format throws poster::Error with the file's name, what is
// wrong and how to mend it. Not for several threads at a time.
class TorchFile {
 public:
  explicit TorchFile(const std::filesystem::path& path, const TorchOptions& options = {});
  // From memory, which stays the caller's and must outlive this; `name` is for messages.
  TorchFile(std::span<const std::byte> bytes, const std::filesystem::path& name,
            const TorchOptions& options = {});

  const std::filesystem::path& path() const { return path_; }
  TorchFormat format() const { return content_->format; }
  const PickleValue& root() const { return content_->root; }

  // Every tensor of the types in engine/dtype.h, in the order in which the pickle makes them. Tensors share
  // storages, and a tensor may hang in several places of the tree.
  const std::vector<TorchTensor>& tensors() const { return content_->tensors; }

  // The elements of a tensor (its index, or its PickleValue), row-major. The storage's CRC-32 is checked the
  // first time. A tensor whose elements overlap and would take more than twice the file is refused.
  TorchElements read(std::size_t tensor) const;
  TorchElements read(const PickleValue& tensor) const { return read(tensor.index()); }
  // After read elements were used: throws poster::Error when the file was cut short or written to meanwhile,
  // so that some of them may have been zeros.
  void check_unchanged() const { mapping_.check(); }
  // Gives back the memory that the tensor's storage takes in the page cache's mapping; it can be read again.
  // A loader that copies tensors one by one and releases each needs no more memory than the copies.
  void release(std::size_t tensor) const;

  // Unsafe names that ignore_unsafe let pass, sorted: "posix.system".
  const std::vector<std::string>& unsafe_names() const { return content_->unsafe_names; }
  // Names of harmless objects kept as data, sorted: "__main__.RecorderMeter".
  const std::vector<std::string>& unknown_names() const { return content_->unknown_names; }
  // What makes tensors of kinds that can't be read (complex, quantized, sparse, …), sorted, with the reason:
  // "complex64". In the tree they are PickleKind::object.
  const std::vector<std::string>& unsupported_tensors() const { return content_->unsupported_tensors; }

 private:
  std::filesystem::path path_;
  MappedFile mapping_;
  std::span<const std::byte> bytes_;
  std::unique_ptr<TorchContent> content_;
};

// Whether the file's content is that of a PyTorch checkpoint (zip with a data.pkl, or legacy). False for
// files that can't be opened; TorchFile says then what they are instead.
bool is_torch_file(const std::filesystem::path& path);
bool is_torch_file(std::span<const std::byte> bytes);

}  // namespace poster::io

// Writes PyTorch's checkpoint files in the zip format, so that torch.load(path, weights_only=True) reads
// them. Sources: torch/serialization.py, caffe2/serialize/inline_container.cc, PKWARE's APPNOTE.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "engine/tensor_view.h"
#include "io/format/atomic_file.h"

namespace poster::io {

// A Python value to write: None, bool, int, float, str, list, tuple, dict, OrderedDict, tensor; and, for
// files that torch.load reads with weights_only=False alone, NumPy arrays and objects of classes.
//   TorchValue::dict({{"epoch", 7}, {"state_dict", TorchValue::ordered_dict({{"w", view}})}})
class TorchValue {
 public:
  using Items = std::vector<TorchValue>;
  using Entries = std::vector<std::pair<TorchValue, TorchValue>>;  // keys: texts, integers or booleans

  TorchValue() = default;  // None
  TorchValue(bool value) : content_(value) {}
  TorchValue(int value) : content_(std::int64_t{value}) {}
  TorchValue(std::int64_t value) : content_(value) {}
  TorchValue(double value) : content_(value) {}
  TorchValue(const char* text) : content_(std::string(text)) {}
  TorchValue(std::string text) : content_(std::move(text)) {}
  TorchValue(TensorView tensor) : content_(std::move(tensor)) {}  // the bytes stay the caller's

  static TorchValue list(Items items);
  static TorchValue tuple(Items items);
  static TorchValue dict(Entries entries);
  static TorchValue ordered_dict(Entries entries);
  // A state dict: an OrderedDict with the attribute _metadata, as torch.nn.Module.state_dict() gives it.
  static TorchValue ordered_dict(Entries entries, TorchValue metadata);
  // A NumPy array of floats or integers; the bytes stay the caller's.
  static TorchValue array(TensorView elements);
  // An object of a class that whoever loads the file has: made without calling its __init__, with the state
  // as its attributes.
  static TorchValue object(std::string module, std::string name, Entries state);

 private:
  friend class TorchPickler;
  struct Sequence {
    bool is_tuple;
    Items items;
  };
  struct Dict {
    bool is_ordered;
    Entries entries;
    Items metadata;  // none or one
  };
  struct Array {
    TensorView elements;
  };
  struct Object {
    std::string module, name;
    Items state;  // one dict
  };
  explicit TorchValue(Array array) : content_(std::move(array)) {}
  explicit TorchValue(Object object) : content_(std::move(object)) {}
  explicit TorchValue(Sequence sequence) : content_(std::move(sequence)) {}
  explicit TorchValue(Dict dict) : content_(std::move(dict)) {}

  std::variant<std::monostate, bool, std::int64_t, double, std::string, TensorView, Sequence, Dict, Array,
               Object>
      content_;
};

// Writes through write_file_atomically, tensor by tensor, without a copy of them. Tensors become contiguous
// CPU tensors with storages of their own, each at a multiple of 64 bytes. Equal content gives equal bytes.
// The last value under a key that stands twice in a dict is the one that Python keeps, so that is refused,
// and so are texts that aren't UTF-8 and tensors whose bytes don't fit their shape.
void write_torch_file(const std::filesystem::path& path, const TorchValue& root,
                      KeepPrevious keep_previous = KeepPrevious::no);

}  // namespace poster::io

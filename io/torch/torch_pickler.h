// Writes the pickle of a PyTorch checkpoint, protocol 2; not for others than the writer.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "io/torch/torch_writer.h"

namespace poster::io {

class TorchPickler {
 public:
  // Throws poster::Error (without the file's name) for what can't be written.
  explicit TorchPickler(const TorchValue& root);

  const std::string& pickle() const { return pickle_; }
  // Tensor i lies in the storage with the key i.
  const std::vector<const TensorView*>& tensors() const { return tensors_; }

 private:
  void write(const TorchValue& value, int depth);
  void write_integer(std::int64_t number);
  void write_number(double number);
  void write_text(const std::string& text);
  void write_sequence(const TorchValue::Sequence& sequence, int depth);
  void write_dict(const TorchValue::Dict& dict, int depth);
  void write_tensor(const TensorView& tensor);
  void write_array(const TensorView& elements);
  void write_object(const TorchValue::Object& object, int depth);
  void write_sizes(const std::vector<std::int64_t>& sizes);
  void write_empty_ordered_dict();
  // A class or function; recalled from the memo when it was named before.
  void write_global(const std::string& module, const std::string& name);
  template <typename T>
  void append(T number);

  std::string pickle_;
  std::vector<const TensorView*> tensors_;
  std::map<std::string, unsigned> memo_;
};

}  // namespace poster::io

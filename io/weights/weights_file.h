// The weights in a file, whatever its format: PyTorch's (.pth, zip or legacy) or safetensors, told by
// content.
//
// In a PyTorch file the weights are a dict of tensors: the file's root, or what stands in the root (or one
// dict below) under state_dict, model_state_dict, model, net or the like, else under a name that says average
// (ema), else the greatest dict of tensors; or a whole module (torch.save(model)), whose parameters and
// buffers are named as its state_dict() would name them.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "engine/tensor_source.h"
#include "io/torch/torch_file.h"
#include "io/weights/safetensors.h"

namespace poster::io {

class WeightsFile : public TensorSource {
 public:
  // Throws poster::Error for files of another format, damaged ones, and ones without weights.
  explicit WeightsFile(const std::filesystem::path& path, const TorchOptions& options = {});

  std::string description() const override { return path_.string(); }
  const std::vector<Entry>& entries() const override { return entries_; }
  void read(std::size_t entry, const std::function<void(const TensorView&)>& use) const override;

  // "PyTorch zip", "PyTorch legacy", "safetensors".
  std::string format() const;
  // Where in a PyTorch file the weights lie: "state_dict", "model.state_dict", or "" for the root itself.
  const std::string& location() const { return location_; }
  // 'taken from "state_dict", not from "state_dict_ema"', where there is something to say.
  const std::string& remarks() const { return remarks_; }
  // Names among the weights whose values are no tensors.
  const std::vector<std::string>& no_tensors() const { return no_tensors_; }

  // The file itself; one of them is null.
  const TorchFile* torch() const { return torch_.get(); }
  const SafetensorsFile* safetensors() const { return safetensors_.get(); }

 private:
  // A dict of tensors, or a module.
  struct Holder {
    std::string location;
    PickleValue value;
    std::size_t tensors;
    std::size_t rank;  // what is taken first
  };
  void find_state_dict();
  void find_holders(const PickleValue& value, const std::string& location, int depth, int& looks,
                    std::vector<Holder>& holders) const;
  void take_dict(const PickleValue& dict);
  void take_module(const PickleValue& module, const std::string& prefix, int depth);
  void take_tensor(std::string name, const PickleValue& value);
  [[noreturn]] void refuse_root() const;

  std::filesystem::path path_;
  std::unique_ptr<TorchFile> torch_;
  std::unique_ptr<SafetensorsFile> safetensors_;
  std::vector<Entry> entries_;
  std::vector<std::size_t> tensors_;  // of the PyTorch file, by entry
  std::vector<std::string> no_tensors_;
  std::string location_, remarks_;
  int modules_ = 0;  // walked
};

}  // namespace poster::io

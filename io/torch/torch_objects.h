// What the names in a PyTorch checkpoint's pickle mean: tensors and storages go to tables, containers and
// numbers become values, everything else stays an object with a name. Not for others than the readers.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "io/torch/torch_content.h"
#include "io/torch/unpickler.h"

namespace poster::io {

class TorchObjects : public PickleMeaning {
 public:
  TorchObjects(TorchContent& content, bool ignore_unsafe)
      : content_(content), ignore_unsafe_(ignore_unsafe) {}

  PickleValue global(std::string_view module, std::string_view name) override;
  PickleValue call(const PickleValue& callable, const PickleValue& arguments) override;
  void set_state(const PickleValue& object, const PickleValue& state) override;
  PickleValue persistent(const PickleValue& id) override;

  // The storage under that key; nullptr when no tensor asked for one.
  TorchStorage* find_storage(std::string_view key);
  // Hands the lists of names to the content and refuses dicts that hold a key twice.
  void finish();

 private:
  // A part of a storage. Only old legacy files have parts that aren't the whole.
  struct Part {
    std::size_t storage;
    std::uint64_t begin, count;  // elements
  };
  struct Geometry {
    std::vector<std::int64_t> shape, strides;
    std::uint64_t offset;
  };

  // Each gives what the call would have made, or an object when the arguments are not as expected.
  PickleValue make_tensor(std::string_view name, const PickleValue& callable, const PickleValue& arguments);
  PickleValue typed_tensor(const PickleValue& callable, const PickleValue& arguments);
  PickleValue rebuild_any(const PickleValue& callable, const PickleValue& arguments);
  PickleValue make_parameter(const PickleValue& callable, const PickleValue& arguments);
  PickleValue keep_unsupported(std::string_view what, const PickleValue& callable,
                               const PickleValue& arguments);

  Geometry read_geometry(const PickleValue& arguments) const;
  PickleValue add_tensor(DType dtype, const Part& part, Geometry geometry, bool requires_grad);
  void note(std::set<std::string, std::less<>>& names, std::string_view name);

  TorchContent& content_;
  bool ignore_unsafe_;
  std::vector<Part> parts_;
  std::unordered_map<std::string_view, std::size_t> storage_by_key_;
  std::set<std::string, std::less<>> unsafe_names_, unknown_names_, unsupported_tensors_;
};

}  // namespace poster::io

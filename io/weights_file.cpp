#include "io/weights_file.h"

#include <fstream>
#include <set>

#include "engine/error.h"

namespace poster::io {
namespace {

// Under these, people keep their weights; in the order in which they are looked for.
constexpr const char* kWrappers[] = {"state_dict", "model_state_dict", "model_state", "model",
                                     "net",        "network",          "weights",     "params"};
constexpr int kDeepestModule = 64;
// A module can hang in many places; a hostile file makes of a few bytes a tree without end.
constexpr int kMostModules = 100'000;

// By its name, or by its content: the length of a header that begins with '{'.
bool is_safetensors_file(const std::filesystem::path& path) {
  if (path.extension() == ".safetensors") return true;
  std::ifstream file(path, std::ios::binary);
  char start[9] = {};
  return file.read(start, sizeof start) && start[8] == '{';
}

bool is_module(const PickleValue& value) {
  return value.is(PickleKind::object) && value.state().find("_modules") && value.state().find("_parameters");
}

bool holds_tensors(const PickleValue& dict) {
  for (std::size_t i = 0; i < dict.entry_count(); ++i)
    if (dict.key(i).is(PickleKind::text) && dict.value(i).is(PickleKind::tensor)) return true;
  return false;
}

std::string keys_of(const PickleValue& dict) {
  constexpr std::size_t kMost = 12;
  std::string text;
  for (std::size_t i = 0; i < dict.entry_count() && i < kMost; ++i)
    text += (i ? ", " : "") + describe(dict.key(i), 40);
  return text + (dict.entry_count() > kMost ? ", …" : "");
}

}  // namespace

WeightsFile::WeightsFile(const std::filesystem::path& path, const TorchOptions& options) : path_(path) {
  if (!is_torch_file(path) && is_safetensors_file(path)) {
    safetensors_ = std::make_unique<SafetensorsFile>(path);
    safetensors_->verify_checksum();
    for (const std::string& name : safetensors_->names()) {
      const TensorView& view = safetensors_->at(name);
      entries_.push_back({name, view.dtype, view.shape});
    }
    return;
  }
  torch_ = std::make_unique<TorchFile>(path, options);  // it says what a file of neither format is instead
  find_state_dict();
}

std::string WeightsFile::format() const {
  if (safetensors_) return "safetensors";
  return torch_->format() == TorchFormat::zip ? "PyTorch zip" : "PyTorch legacy";
}

void WeightsFile::find_state_dict() {
  const PickleValue& root = torch_->root();
  for (const char* wrapper : kWrappers) {
    const PickleValue* found = root.find(wrapper);
    if (!found || !(holds_tensors(*found) || is_module(*found))) continue;
    location_ = wrapper;
    return is_module(*found) ? take_module(*found, "", 0) : take_dict(*found);
  }
  if (is_module(root)) return take_module(root, "", 0);
  if (!holds_tensors(root)) refuse_root();
  take_dict(root);
}

void WeightsFile::take_dict(const PickleValue& dict) {
  for (std::size_t i = 0; i < dict.entry_count(); ++i) {
    if (dict.key(i).is(PickleKind::text)) {
      take_tensor(std::string(dict.key(i).as_text()), dict.value(i));
    } else {
      no_tensors_.push_back(describe(dict.key(i)));
    }
  }
}

// As torch.nn.Module.state_dict() names them: parameters, persistent buffers, then the modules inside.
void WeightsFile::take_module(const PickleValue& module, const std::string& prefix, int depth) {
  if (depth > kDeepestModule || ++modules_ > kMostModules)
    throw Error(path_.string() + ": its modules are nested too deeply, or too many; save its state_dict()");
  const PickleValue state = module.state();
  for (const char* kind : {"_parameters", "_buffers"}) {
    const PickleValue* values = state.find(kind);
    for (std::size_t i = 0; values && i < values->entry_count(); ++i)
      if (values->key(i).is(PickleKind::text) && !values->value(i).is_none())
        take_tensor(prefix + std::string(values->key(i).as_text()), values->value(i));
  }
  const PickleValue* modules = state.find("_modules");
  for (std::size_t i = 0; modules && i < modules->entry_count(); ++i)
    if (modules->key(i).is(PickleKind::text) && is_module(modules->value(i)))
      take_module(modules->value(i), prefix + std::string(modules->key(i).as_text()) + ".", depth + 1);
}

void WeightsFile::take_tensor(std::string name, const PickleValue& value) {
  if (!value.is(PickleKind::tensor)) {
    no_tensors_.push_back(std::move(name));
    return;
  }
  const TorchTensor& tensor = torch_->tensors()[value.index()];
  entries_.push_back({std::move(name), tensor.dtype, tensor.shape});
  tensors_.push_back(value.index());
}

void WeightsFile::refuse_root() const {
  const PickleValue& root = torch_->root();
  std::string message = path_.string() + ": holds no weights";
  if (root.find("state") && root.find("param_groups"))
    message +=
        ", only the state of an optimizer (the reference saves its model_best so); give the checkpoint of "
        "the "
        "same run instead";
  else
    message += "; at its top is " +
               (root.entry_count() > 0 ? "a dict with the keys " + keys_of(root) : describe(root)) +
               "; save the model's state_dict()";
  throw Error(message);
}

void WeightsFile::read(std::size_t entry, const std::function<void(const TensorView&)>& use) const {
  if (safetensors_) {
    use(safetensors_->at(entries_.at(entry).name));
    return safetensors_->check_unchanged();
  }
  const std::size_t tensor = tensors_.at(entry);
  use(torch_->read(tensor).view());
  torch_->check_unchanged();
  torch_->release(tensor);
}

}  // namespace poster::io

#include "io/weights/weights_file.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <tuple>

#include "engine/error.h"
#include "engine/weight_names.h"
#include "io/format/input_file.h"
#include "io/format/join.h"
#include "io/format/quoted_name.h"
#include "io/torch/other_files.h"
#include "io/torch/torch_formats.h"
#include "io/torch/zip_directory.h"

namespace poster::io {
namespace {

// Under these, people keep their weights; in the order in which they are looked for.
constexpr std::string_view kHolders[] = {"state_dict", "model_state_dict", "model_state", "model", "net",
                                         "network",    "module",           "weights",     "params"};
constexpr std::size_t kAverage = std::size(kHolders), kUnknown = kAverage + 1;
// Under these lies what belongs to training.
constexpr std::string_view kTrainingKeys[] = {"optim", "scheduler", "scaler", "callbacks", "loops"};
constexpr int kDeepestHolder = 2;
// A dict can hang in many places; a hostile file makes of a few bytes a tree without end.
constexpr int kMaxLooks = 1'000'000;
constexpr std::size_t kMaxHolders = 64, kLongestKey = 256;
constexpr int kDeepestModule = 64;
// A module can hang in many places; a hostile file makes of a few bytes a tree without end.
constexpr int kMaxModules = 100'000;

bool is_module(const PickleValue& value) {
  return value.is(PickleKind::object) && value.state().find("_modules") && value.state().find("_parameters");
}

std::size_t tensors_in(const PickleValue& dict) {
  std::size_t count = 0;
  for (std::size_t i = 0; i < dict.entry_count(); ++i)
    count += dict.key(i).is(PickleKind::text) && dict.value(i).is(PickleKind::tensor);
  return count;
}

bool is_of_training(std::string_view key) {
  return std::any_of(std::begin(kTrainingKeys), std::end(kTrainingKeys),
                     [&](std::string_view other) { return key.find(other) != std::string_view::npos; });
}

// "state_dict" before "net", averages behind all known names, what nobody knows last.
std::size_t rank_of(std::string_view location) {
  if (is_of_average(location)) return kAverage;
  std::size_t rank = kUnknown;
  for (std::size_t begin = 0; begin <= location.size();) {
    const std::size_t end = std::min(location.find('.', begin), location.size());
    const auto known =
        std::find(std::begin(kHolders), std::end(kHolders), location.substr(begin, end - begin));
    if (known != std::end(kHolders))
      rank = std::min(rank, static_cast<std::size_t>(known - std::begin(kHolders)));
    begin = end + 1;
  }
  return rank;
}

std::string keys_of(const PickleValue& dict) {
  constexpr std::size_t kMax = 12;
  std::string text;
  for (std::size_t i = 0; i < dict.entry_count() && i < kMax; ++i) add_part(text, describe(dict.key(i), 40));
  return text + (dict.entry_count() > kMax ? ", …" : "");
}

}  // namespace

WeightsFile::WeightsFile(const std::filesystem::path& path, const TorchOptions& options) : path_(path) {
  // By its content; what is of neither format, by its name: each reader says then what it is instead.
  std::array<std::byte, 64> start = {};
  const std::size_t size = InputFile(path).read_some(0, start);
  const auto begin = std::span(start).first(size);
  const bool is_torch = begins_like_zip(begin) || is_torch_legacy(begin);
  if (begins_like_safetensors(begin) || (!is_torch && path.extension() == ".safetensors")) {
    safetensors_ = std::make_unique<SafetensorsFile>(path);
    safetensors_->verify_checksum();
    for (const std::string& name : safetensors_->names()) {
      const TensorView& view = safetensors_->at(name);
      entries_.push_back({name, view.dtype, view.shape});
    }
    return;
  }
  torch_ = std::make_unique<TorchFile>(path, options);
  find_state_dict();
}

std::string WeightsFile::format() const {
  if (safetensors_) return "safetensors";
  return torch_->format() == TorchFormat::zip ? "PyTorch zip" : "PyTorch legacy";
}

void WeightsFile::find_state_dict() {
  std::vector<Holder> holders;
  int looks = 0;
  find_holders(torch_->root(), "", 0, looks, holders);
  if (holders.empty()) refuse_root();
  std::stable_sort(holders.begin(), holders.end(), [](const Holder& a, const Holder& b) {
    return std::tuple(a.rank, b.tensors) < std::tuple(b.rank, a.tensors);
  });
  const Holder& taken = holders.front();
  location_ = taken.location;
  std::string others;
  for (const Holder& other : holders)
    if (!other.value.same_as(taken.value) && !other.location.empty() && 2 * other.tensors >= taken.tensors)
      add_part(others, quoted_name(other.location));
  if (!others.empty() || (taken.rank >= kAverage && !location_.empty()))
    remarks_ = "taken from " + (location_.empty() ? "the file's top" : quoted_name(location_)) +
               (others.empty() ? "" : ", not from " + others);
  is_module(taken.value) ? take_module(taken.value, "", 0) : take_dict(taken.value);
}

void WeightsFile::find_holders(const PickleValue& value, const std::string& location, int depth, int& looks,
                               std::vector<Holder>& holders) const {
  if (holders.size() == kMaxHolders) return;
  if (is_module(value)) {
    holders.push_back({location, value, kMaxModules, rank_of(location)});
    return;
  }
  if (!value.is(PickleKind::dict)) return;
  if (const std::size_t tensors = tensors_in(value); tensors > 0)
    holders.push_back({location, value, tensors, location.empty() ? kUnknown : rank_of(location)});
  if (depth == kDeepestHolder) return;
  for (std::size_t i = 0; i < value.entry_count() && ++looks < kMaxLooks; ++i) {
    const PickleValue key = value.key(i);
    if (!key.is(PickleKind::text) || key.text().size() > kLongestKey || is_of_training(key.text())) continue;
    looks += static_cast<int>(std::min<std::size_t>(value.value(i).entry_count(), kMaxLooks));
    find_holders(value.value(i), location + (location.empty() ? "" : ".") + std::string(key.text()),
                 depth + 1, looks, holders);
  }
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
  if (depth > kDeepestModule || ++modules_ > kMaxModules)
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
        ", only the state of an optimizer (the reference saves its model_best so); give the checkpoint of the same run instead";
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

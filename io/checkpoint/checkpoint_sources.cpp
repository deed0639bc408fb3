#include "io/checkpoint/checkpoint_sources.h"

#include "engine/error.h"
#include "io/format/quoted_name.h"

namespace poster {
namespace {

using io::PickleKind;
using io::PickleValue;

// Some entries of another source under other names.
class Selection : public TensorSource {
 public:
  explicit Selection(const TensorSource& source) : source_(source) {}
  void add(std::string name, std::size_t entry) {
    const Entry& original = source_.entries()[entry];
    entries_.push_back({std::move(name), original.dtype, original.shape});
    originals_.push_back(entry);
  }
  std::string description() const override { return source_.description(); }
  const std::vector<Entry>& entries() const override { return entries_; }
  void read(std::size_t entry, const std::function<void(const TensorView&)>& use) const override {
    source_.read(originals_.at(entry), use);
  }

 private:
  const TensorSource& source_;
  std::vector<Entry> entries_;
  std::vector<std::size_t> originals_;
};

// Tensors of a .pth file's tree.
class TorchTensors : public TensorSource {
 public:
  explicit TorchTensors(const io::TorchFile& file) : file_(file) {}
  void add(std::string name, std::size_t tensor) {
    entries_.push_back({std::move(name), file_.tensors()[tensor].dtype, file_.tensors()[tensor].shape});
    tensors_.push_back(tensor);
  }
  std::string description() const override { return file_.path().string(); }
  const std::vector<Entry>& entries() const override { return entries_; }
  void read(std::size_t entry, const std::function<void(const TensorView&)>& use) const override {
    use(file_.read(tensors_.at(entry)).view());
    file_.check_unchanged();
    file_.release(tensors_.at(entry));
  }

 private:
  const io::TorchFile& file_;
  std::vector<Entry> entries_;
  std::vector<std::size_t> tensors_;
};

const PickleValue* saved_optimizer_state(const io::TorchFile& file) {
  for (const char* key : {"optimizer", "optimizer_state_dict"})
    if (const PickleValue* optimizer = file.root().find(key)) return optimizer->find("state");
  return nullptr;
}

}  // namespace

std::map<std::string, std::string> checkpoint_metadata(const io::WeightsFile& file) {
  std::map<std::string, std::string> metadata;
  if (file.safetensors()) {
    metadata = file.safetensors()->metadata();
    metadata.erase("checksum");
    if (const auto ours = metadata.find(kFormatBesideWeights); ours != metadata.end()) {
      metadata["format"] = ours->second;
      metadata.erase(kFormatBesideWeights);
    }
  } else if (const PickleValue* ours = file.torch()->root().find("poster")) {
    for (std::size_t i = 0; i < ours->entry_count(); ++i)
      if (ours->key(i).is(PickleKind::text) && ours->value(i).is(PickleKind::text))
        metadata.emplace(ours->key(i).as_text(), ours->value(i).as_text());
  }
  const auto format = metadata.find("format");
  if (format == metadata.end() || format->second != kCheckpointFormat) {
    // Weights without the names, the view and the settings beside them would be misjudged.
    if (format != metadata.end() && format->second.starts_with(kCheckpointFormatName))
      throw Error(file.description() + ": its format is " + io::quoted_name(format->second) +
                  ", this program reads " + io::quoted_name(kCheckpointFormat) +
                  "; use a newer version of it");
    metadata.clear();
  }
  return metadata;
}

std::unique_ptr<TensorSource> entries_below(const TensorSource& source, const std::string& prefix) {
  auto selection = std::make_unique<Selection>(source);
  for (std::size_t i = 0; i < source.entries().size(); ++i)
    if (const std::string& name = source.entries()[i].name; name.starts_with(prefix))
      selection->add(name.substr(prefix.size()), i);
  return selection;
}

std::unique_ptr<TensorSource> entries_beside(const TensorSource& source, const std::string& prefix) {
  auto selection = std::make_unique<Selection>(source);
  for (std::size_t i = 0; i < source.entries().size(); ++i)
    if (const std::string& name = source.entries()[i].name; !name.starts_with(prefix))
      selection->add(name, i);
  return selection;
}

std::unique_ptr<TensorSource> rename_entries(const TensorSource& source,
                                             const std::vector<std::string>& names) {
  auto selection = std::make_unique<Selection>(source);
  for (std::size_t i = 0; i < names.size(); ++i)
    if (!names[i].empty()) selection->add(names[i], i);
  return selection;
}

std::vector<ParameterId> module_parameters(const ParameterTable& table) {
  std::vector<ParameterId> ids;
  for (std::size_t id = 0; id < table.specs().size(); ++id) {
    const ParameterSpec& spec = table.specs()[id];
    const bool buffer = spec.role == Role::statistic || spec.role == Role::counter ||
                        spec.role == Role::constant || spec.name.ends_with(".running_mean") ||
                        spec.name.ends_with(".running_var");  // of dead batch norms
    if (!buffer) ids.push_back(static_cast<ParameterId>(id));
  }
  return ids;
}

std::unique_ptr<TensorSource> torch_moments(const io::TorchFile& file, const ParameterTable& table) {
  auto moments = std::make_unique<TorchTensors>(file);
  const PickleValue* state = saved_optimizer_state(file);
  const std::vector<ParameterId> parameters = module_parameters(table);
  for (std::size_t i = 0; state && i < state->entry_count(); ++i) {
    if (!state->key(i).is(PickleKind::integer)) continue;
    const std::int64_t number = state->key(i).as_integer();
    if (number < 0 || number >= std::ssize(parameters)) continue;
    const PickleValue of_parameter = state->value(i);
    const std::string& name = table[parameters[static_cast<std::size_t>(number)]].name;
    const auto take = [&](const char* key, const char* moment) {
      if (const PickleValue* value = of_parameter.find(key); value && value->is(PickleKind::tensor))
        moments->add(moment + name, value->index());
    };
    take("exp_avg", kMoment1);
    take("momentum_buffer", kMoment1);
    take("exp_avg_sq", kMoment2);
  }
  return moments;
}

std::vector<NamedTensor> copies_of(const TensorSource& source, const std::string& prefix) {
  std::vector<NamedTensor> tensors;
  for (std::size_t i = 0; i < source.entries().size(); ++i)
    source.read(i, [&](const TensorView& view) {
      tensors.push_back({prefix + source.entries()[i].name,
                         view.dtype,
                         view.shape,
                         {view.bytes.begin(), view.bytes.end()}});
    });
  return tensors;
}

namespace {

std::optional<double> number_of(const io::TorchFile& file, const PickleValue& value) {
  if (value.is(PickleKind::integer) || value.is(PickleKind::floating)) return value.as_number();
  if (!value.is(PickleKind::tensor)) return std::nullopt;
  const auto elements = file.read(value);
  if (elements.view().element_count() != 1) return std::nullopt;
  return converted<double>(elements.view())[0];
}

}  // namespace

std::optional<std::int64_t> torch_optimizer_steps(const io::TorchFile& file) {
  const PickleValue* state = saved_optimizer_state(file);
  for (std::size_t i = 0; state && i < state->entry_count(); ++i)
    if (const PickleValue* step = state->value(i).find("step"))
      if (const auto number = number_of(file, *step)) return static_cast<std::int64_t>(*number);
  return std::nullopt;
}

std::optional<double> torch_number(const io::TorchFile& file, const char* key) {
  const PickleValue* value = file.root().find(key);
  return value ? number_of(file, *value) : std::nullopt;
}

}  // namespace poster

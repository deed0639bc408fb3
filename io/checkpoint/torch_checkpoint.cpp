#include "io/checkpoint/torch_checkpoint.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "io/checkpoint/checkpoint_sources.h"
#include "io/checkpoint/half_weights.h"
#include "io/torch/torch_writer.h"
#include "kernels/optimizer/optimizer.h"
#include "model/network.h"

namespace poster {
namespace {

using io::TorchValue;

constexpr kernels::AdamStep<float> kAdam{};  // for its constants

// What goes into the file; the tensors must live until it is written.
struct Parts {
  std::vector<NamedTensor> weights;                  // names without `module.`
  std::map<std::string, NamedTensor> first, second;  // moments by parameter
  std::map<std::string, std::string> metadata;
  Position position;
  std::int64_t steps = 0;  // of the optimizer
  Settings settings;
  std::vector<std::string> parameters;  // in the order of Module.parameters()
};

NamedTensor scalar(float value) {
  NamedTensor tensor{"", DType::f32, {}, std::vector<std::byte>(sizeof value)};
  std::memcpy(tensor.data.data(), &value, sizeof value);
  return tensor;
}

std::vector<std::string> parameter_names(const ParameterTable& table) {
  std::vector<std::string> names;
  for (const ParameterId id : module_parameters(table)) names.push_back(table[id].name);
  return names;
}

TorchValue param_group(const Parts& parts) {
  const OptimizerOptions options = parts.settings.optimizer();
  const io::Recipe& recipe = parts.settings.recipe;
  TorchValue::Items numbers;
  for (std::size_t i = 0; i < parts.parameters.size(); ++i)
    numbers.emplace_back(static_cast<std::int64_t>(i));
  TorchValue::Entries group = {{"rho", options.rho},
                               {"adaptive", false},
                               {"lr", recipe.learning_rate * std::pow(recipe.gamma, parts.position.epoch)},
                               {"weight_decay", options.weight_decay}};
  if (options.kind == OptimizerOptions::Kind::sgd) {
    group.insert(group.end(), {{"momentum", options.momentum}, {"dampening", 0}, {"nesterov", false}});
  } else {
    group.insert(group.end(), {{"betas", TorchValue::tuple({kAdam.beta1, kAdam.beta2})},
                               {"eps", kAdam.eps},
                               {"amsgrad", false},
                               {"decoupled_weight_decay", options.kind == OptimizerOptions::Kind::adamw},
                               {"capturable", false},
                               {"fused", TorchValue()}});
  }
  group.insert(group.end(), {{"maximize", false},
                             {"foreach", TorchValue()},
                             {"differentiable", false},
                             {"initial_lr", recipe.learning_rate},
                             {"params", TorchValue::list(std::move(numbers))}});
  return TorchValue::dict(std::move(group));
}

TorchValue optimizer_state(const Parts& parts, const NamedTensor& steps) {
  const bool sgd = parts.settings.optimizer().kind == OptimizerOptions::Kind::sgd;
  TorchValue::Entries state;
  for (std::size_t i = 0; i < parts.parameters.size(); ++i) {
    const auto first = parts.first.find(parts.parameters[i]), second = parts.second.find(parts.parameters[i]);
    if (first == parts.first.end()) continue;
    TorchValue::Entries entries;
    if (sgd) {
      entries = {{"momentum_buffer", first->second.view()}};
    } else if (second != parts.second.end()) {
      entries = {
          {"step", steps.view()}, {"exp_avg", first->second.view()}, {"exp_avg_sq", second->second.view()}};
    }
    state.emplace_back(static_cast<std::int64_t>(i), TorchValue::dict(std::move(entries)));
  }
  return TorchValue::dict(std::move(state));
}

TorchValue state_dict(const std::vector<NamedTensor>& weights, const std::string& prefix) {
  TorchValue::Entries entries;
  for (const NamedTensor& tensor : weights) entries.emplace_back(prefix + tensor.name, tensor.view());
  return TorchValue::ordered_dict(std::move(entries));
}

template <typename T>
NamedTensor filled(DType dtype, std::vector<std::int64_t> shape, T value) {
  NamedTensor tensor{"", dtype, std::move(shape), {}};
  tensor.data.resize(static_cast<std::size_t>(tensor.count()) * sizeof(T));
  std::fill_n(tensor.as<T>(), tensor.count(), value);
  return tensor;
}

void add_recorders(TorchValue::Entries& root, const Position& position, int epochs, const NamedTensor& losses,
                   const NamedTensor& accuracies, const NamedTensor& labels) {
  TorchValue::Entries state = {{"total_epoch", epochs},
                               {"current_epoch", position.epoch},
                               {"epoch_losses", TorchValue::array(losses.view())},
                               {"epoch_accuracy", TorchValue::array(accuracies.view())}};
  root.emplace_back("recorder", TorchValue::object("__main__", "RecorderMeter", state));
  state.emplace_back("y_pred", TorchValue::array(labels.view()));
  state.emplace_back("y_true", TorchValue::array(labels.view()));
  root.emplace_back("recorder1", TorchValue::object("__main__", "RecorderMeter1", std::move(state)));
}

void write(const std::filesystem::path& path, const Parts& parts, const TorchCheckpointOptions& options) {
  const NamedTensor steps = scalar(static_cast<float>(parts.steps));
  NamedTensor best = scalar(static_cast<float>(std::max(parts.position.best_accuracy, 0.0)));
  best.shape = {1};
  TorchValue::Entries metadata;
  for (const auto& [key, text] : parts.metadata) metadata.emplace_back(key, text);
  TorchValue::Entries root = {
      {"epoch", parts.position.epoch},
      {"state_dict", state_dict(parts.weights, options.module_prefix ? "module." : "")},
      {"best_acc", best.view()},
      {"optimizer", TorchValue::dict({{"state", optimizer_state(parts, steps)},
                                      {"param_groups", TorchValue::list({param_group(parts)})}})}};
  if (!metadata.empty()) root.emplace_back("poster", TorchValue::dict(std::move(metadata)));
  const int epochs = std::max(parts.settings.recipe.epochs, parts.position.epoch);
  const NamedTensor losses = filled(DType::f32, {epochs, 2}, -1.f),
                    accuracies = filled(DType::f32, {epochs, 2}, 0.f),
                    labels = filled(DType::i64, {0}, std::int64_t{0});
  if (options.recorders) add_recorders(root, parts.position, epochs, losses, accuracies, labels);
  io::write_torch_file(path, TorchValue::dict(std::move(root)));
}

}  // namespace

void save_torch_checkpoint(const std::filesystem::path& path, TrainerBase& trainer, const Settings& settings,
                           const Position& position, const TorchCheckpointOptions& options) {
  Parameters<float>& parameters = trainer.parameters();
  Parts parts{.weights = parameters.state_dict(),
              .first = {},
              .second = {},
              .metadata = checkpoint_metadata(trainer, settings, position),
              .position = position,
              .steps = trainer.step_state().updates,
              .settings = settings,
              .parameters = parameter_names(parameters.table())};
  const auto& specs = parameters.table().specs();
  for (std::size_t i = 0; i < specs.size(); ++i) {
    if (specs[i].role != Role::trained) continue;
    const auto id = static_cast<ParameterId>(i);
    parts.first.emplace(specs[i].name, parameters.export_trained(id, parameters.moment1()));
    parts.second.emplace(specs[i].name, parameters.export_trained(id, parameters.moment2()));
  }
  write(path, parts, options);
}

void write_torch_checkpoint(const std::filesystem::path& path, const Checkpoint& checkpoint,
                            const TorchCheckpointOptions& options) {
  ParameterTable table;
  make_network<float>(checkpoint.model(), checkpoint.outputs(), table);
  Parts parts{.weights = {},
              .first = {},
              .second = {},
              .metadata = checkpoint.metadata(),
              .position = checkpoint.position(),
              .steps = checkpoint.optimizer_steps(),
              .settings = checkpoint.settings() ? *checkpoint.settings() : Settings{},
              .parameters = parameter_names(table)};
  if (!checkpoint.settings())
    parts.settings.recipe = io::recipe_by_name(model_info(checkpoint.model()).recipe);
  const HalfWeights halves(checkpoint.weights());
  const TensorSource& weights =
      options.half ? static_cast<const TensorSource&>(halves) : checkpoint.weights();
  parts.weights = copies_of(weights);
  if (!options.half)
    for (NamedTensor& moment : copies_of(checkpoint.moments())) {
      const bool second = moment.name.starts_with(kMoment2);
      moment.name.erase(0, std::strlen(second ? kMoment2 : kMoment1));
      (second ? parts.second : parts.first).emplace(moment.name, std::move(moment));
    }
  write(path, parts, options);
}

void write_torch_state_dict(const std::filesystem::path& path, const TensorSource& weights) {
  const std::vector<NamedTensor> tensors = copies_of(weights);
  io::write_torch_file(path, state_dict(tensors, ""));
}

}  // namespace poster

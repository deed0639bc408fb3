#include "io/checkpoint/checkpoint.h"

#include <charconv>
#include <cstring>
#include <nlohmann/json.hpp>

#include "engine/error.h"
#include "io/checkpoint/checkpoint_sources.h"
#include "io/checkpoint/position_record.h"
#include "io/format/join.h"
#include "io/format/json.h"
#include "io/format/quoted_name.h"
#include "io/format/setting_record.h"
#include "model/network.h"
#include "model/weight_values.h"

namespace poster {
namespace {

using json = nlohmann::ordered_json;

constexpr std::int64_t kMaxOutputs = 1 << 16;

std::int64_t outputs_from(const std::string& text) {
  std::int64_t outputs = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), outputs);
  if (error != std::errc() || end != text.data() + text.size() || outputs < 1 || outputs > kMaxOutputs)
    throw Error("outputs is " + io::quoted_name(text) + "; it must lie in 1 to " +
                std::to_string(kMaxOutputs));
  return outputs;
}

// Parts of a line that may be empty.
std::string joined(std::initializer_list<std::string> parts) {
  std::string line;
  for (const std::string& part : parts)
    if (!part.empty()) io::add_part(line, part, "; ");
  return line;
}

}  // namespace

std::string position_json(const Position& p, const kernels::StepState& state) {
  json record;
  io::write_settings(PositionRecord{p, state}, record);
  return record.dump();
}

void save_checkpoint(const std::filesystem::path& path, TrainerBase& trainer, const Settings& settings,
                     const Position& position, io::KeepPrevious keep_previous) {
  Parameters<float>& parameters = trainer.parameters();
  std::vector<NamedTensor> tensors = parameters.state_dict();
  const auto& specs = parameters.table().specs();
  for (const auto& [moment, array] :
       {std::pair(kMoment1, parameters.moment1()), std::pair(kMoment2, parameters.moment2())})
    for (std::size_t id = 0; id < specs.size(); ++id) {
      if (specs[id].role != Role::trained) continue;
      tensors.push_back(parameters.export_trained(static_cast<ParameterId>(id), array));
      tensors.back().name = kOptimizerPrefix + (moment + specs[id].name);
    }
  std::vector<io::TensorToWrite> views;
  views.reserve(tensors.size());
  for (const NamedTensor& t : tensors) views.push_back({t.name, t.dtype, t.shape, t.data.data()});
  io::write_safetensors(path, checkpoint_metadata(trainer, settings, position), views, keep_previous);
}

std::map<std::string, std::string> checkpoint_metadata(TrainerBase& trainer, const Settings& settings,
                                                       const Position& position) {
  return {{"format", kCheckpointFormat},
          {"model", settings.model},
          {"outputs", std::to_string(trainer.outputs())},
          {"settings", to_json(settings).dump()},
          {"position", position_json(position, trainer.step_state())}};
}

Checkpoint::Checkpoint(const std::filesystem::path& path, const io::TorchOptions& options)
    : path_(path),
      file_(std::make_unique<io::WeightsFile>(path, options)),
      metadata_(checkpoint_metadata(*file_)) {
  in_file_ = entries_beside(*file_, kOptimizerPrefix);
  if (metadata_.empty()) {
    read_foreign();
  } else {
    read_metadata();
  }
  ParameterTable table;
  make_network<float>(model_, outputs_, table);
  WeightsMatch match = match_weights(table, *in_file_, WeightsPart::whole);
  weights_ = rename_entries(*in_file_, match.names);
  match.absent.clear();  // load_weights says that
  remarks_ = joined({file_->remarks(), match.remarks()});
  if (file_->torch()) {
    moments_ = torch_moments(*file_->torch(), table);
  } else {
    moments_ = entries_below(*file_, kOptimizerPrefix);
  }
}

Checkpoint::~Checkpoint() = default;

void Checkpoint::read_metadata() {
  try {
    model_ = metadata_.at("model");
    outputs_ = outputs_from(metadata_.at("outputs"));
    settings_ = settings_from_json(io::parse_json<json>(metadata_.at("settings"), "settings"));
    const json p = io::parse_json<json>(metadata_.at("position"), "position");
    const auto record = io::read_settings<PositionRecord>(p);
    position_ = record.position;
    step_state_ = record.state;
    // Earlier versions counted batches, all of the run's size but the last of an epoch.
    if (!p.contains("pictures")) position_.epoch_images = position_.step * settings_->recipe.batch_size;
    // Images are counted in each of SAM's two passes.
    if ((position_.step == 0) != (position_.epoch_images == 0) ||
        position_.images > 2 * position_.epoch_images)
      throw Error("step " + std::to_string(position_.step) + ", \"pictures\" " +
                  std::to_string(position_.epoch_images) + " and \"images\" " +
                  std::to_string(position_.images) + " contradict each other");
  } catch (const std::bad_alloc&) {
    throw;  // no fault of the file: --resume auto must not take an earlier one
  } catch (const std::exception& e) {
    throw Error(path_.string() + ": its metadata cannot be used (" + io::describe_json_error(e) +
                "); use another checkpoint of the run");
  }
  model_info(model_);
}

// A file from elsewhere says what it is by the names and shapes of its tensors.
void Checkpoint::read_foreign() {
  const auto detected = detect_model(*in_file_);
  if (!detected)
    throw Error(path_.string() + ": its " + std::to_string(in_file_->entries().size()) +
                " tensors are not those of a whole network (" +
                io::join(models(), ", ", [](const ModelInfo& info) { return info.name; }) +
                "); a backbone goes to --ir50 or --landmarks");
  model_ = detected->model;
  outputs_ = detected->outputs;
  if (!file_->torch()) return;
  // The reference saves the number of the next epoch; POSTER V1's code calls it iter.
  for (const char* key : {"epoch", "iter"})
    if (const auto epoch = torch_number(*file_->torch(), key);
        epoch && *epoch >= 0 && *epoch <= io::kMaxEpochs) {
      position_.epoch = static_cast<int>(*epoch);
      break;
    }
  if (const auto best = torch_number(*file_->torch(), "best_acc"); best && *best >= 0 && *best <= 100) {
    position_.best_accuracy = *best;
    position_.best_epoch = position_.epoch > 0 ? position_.epoch - 1 : 0;
  }
}

WeightsMatch Checkpoint::check_weights(const ParameterTable& table, bool allow_partial,
                                       const std::string& without) const {
  WeightsMatch match = match_weights(table, *weights_, WeightsPart::whole, without);
  if (!match.complete() && !allow_partial)
    throw Error(path_.string() + ": only " + match.summary() + " of " + model_ +
                " fit: " + match.shortcomings() +
                "; give a checkpoint of this model, or load what fits with --allow-partial");
  return match;
}

std::string Checkpoint::load_weights(Parameters<float>& parameters, bool allow_partial,
                                     const std::string& without, std::vector<ParameterId>* loaded) const {
  const WeightsMatch match = check_weights(parameters.table(), allow_partial, without);
  load_matched(parameters, *weights_, match);
  if (loaded)
    for (const WeightsMatch::Pair& pair : match.pairs) loaded->push_back(pair.parameter);
  const std::string more = joined({match.shortcomings(), remarks_, match.remarks()});
  return match.summary() + (more.empty() ? "" : " (" + more + ")");
}

std::int64_t Checkpoint::optimizer_steps() const {
  if (step_state_) return step_state_->updates;
  return file_->torch() ? torch_optimizer_steps(*file_->torch()).value_or(0) : 0;
}

bool Checkpoint::load_training_state(TrainerBase& trainer) const {
  Parameters<float>& parameters = trainer.parameters();
  const auto& specs = parameters.table().specs();
  std::map<std::string, ParameterId> trained;
  for (std::size_t id = 0; id < specs.size(); ++id)
    if (specs[id].role == Role::trained) trained.emplace(specs[id].name, static_cast<ParameterId>(id));
  // All or nothing: a half-restored optimizer is worse than a new one. SGD has no second moments.
  std::size_t first = 0, second = 0;
  for (const auto& entry : moments_->entries()) {
    first += entry.name.starts_with(kMoment1) && trained.contains(entry.name.substr(std::strlen(kMoment1)));
    second += entry.name.starts_with(kMoment2) && trained.contains(entry.name.substr(std::strlen(kMoment2)));
  }
  const bool sgd = settings_ && settings_->optimizer().kind == OptimizerOptions::Kind::sgd;
  if (first + second == 0) return false;
  if (first != trained.size() || second != (sgd && second == 0 ? 0 : trained.size())) {
    if (!step_state_) return false;
    throw Error(path_.string() + ": holds " + std::to_string(first + second) +
                " moments of the optimizer where " + std::to_string(2 * trained.size()) +
                " are needed; start anew from its weights with --weights, or give the --freeze of its run");
  }
  for (std::size_t i = 0; i < moments_->entries().size(); ++i) {
    const std::string& name = moments_->entries()[i].name;
    const bool is_second = name.starts_with(kMoment2);
    const auto id = trained.find(name.substr(std::strlen(is_second ? kMoment2 : kMoment1)));
    if (id == trained.end()) continue;
    moments_->read(i, [&](const TensorView& view) {
      try {
        check_moment(name, is_second, view);
      } catch (const Error& e) {
        throw Error(path_.string() + ": " + e.what());
      }
      parameters.import_trained(id->second, is_second ? parameters.moment2() : parameters.moment1(), view);
    });
  }
  kernels::StepState state = step_state_.value_or(kernels::StepState{});
  state.updates = optimizer_steps();
  // Of another precision's run, or of none: each precision begins with a scale of its own.
  const double scale = trainer.step_state().loss_scale;
  if (!step_state_ || state.loss_scale == 0 || (state.loss_scale == 1) != (scale == 1)) {
    state.loss_scale = scale;
    state.good_steps = 0;
  }
  trainer.set_step_state(state);
  return true;
}

}  // namespace poster

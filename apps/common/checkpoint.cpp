#include "apps/common/checkpoint.h"

#include <cstring>
#include <nlohmann/json.hpp>

#include "engine/error.h"

namespace poster {
namespace {

using json = nlohmann::ordered_json;

constexpr const char* kFormat = "poster-checkpoint 1";
constexpr const char* kMoment1 = "optimizer.exp_avg.";
constexpr const char* kMoment2 = "optimizer.exp_avg_sq.";

json to_json(const Position& p, const kernels::StepState& state) {
  return {{"epoch", p.epoch},
          {"step", p.step},
          {"best_accuracy", p.best_accuracy},
          {"best_epoch", p.best_epoch},
          {"loss_sum", p.loss_sum},
          {"correct_sum", p.correct_sum},
          {"images", p.images},
          {"optimizer_steps", state.updates},
          {"forward_passes", state.forward_pass},
          {"loss_scale", state.loss_scale},
          {"good_steps", state.good_steps},
          {"skipped_steps", state.skipped_steps}};
}

}  // namespace

void save_checkpoint(const std::filesystem::path& path, TrainerBase<float>& trainer, const Settings& settings,
                     const Position& position, io::KeepPrevious keep_previous) {
  Parameters<float>& parameters = trainer.parameters();
  std::vector<NamedTensor> tensors = parameters.state_dict();
  const auto& specs = parameters.table().specs();
  for (const auto& [prefix, array] :
       {std::pair(kMoment1, parameters.moment1()), std::pair(kMoment2, parameters.moment2())})
    for (std::size_t id = 0; id < specs.size(); ++id) {
      if (specs[id].role != Role::trained) continue;
      tensors.push_back(parameters.export_trained(static_cast<ParameterId>(id), array));
      tensors.back().name = prefix + tensors.back().name;
    }
  std::vector<io::TensorToWrite> views;
  views.reserve(tensors.size());
  for (const NamedTensor& t : tensors) views.push_back({t.name, t.dtype, t.shape, t.data.data()});
  io::write_safetensors(path,
                        {{"format", kFormat},
                         {"model", settings.model},
                         {"outputs", std::to_string(trainer.outputs())},
                         {"settings", to_json(settings).dump()},
                         {"position", to_json(position, trainer.step_state()).dump()}},
                        views, keep_previous);
}

Checkpoint::Checkpoint(const std::filesystem::path& path)
    : file_(std::make_unique<io::SafetensorsFile>(path)) {
  const auto& metadata = file_->metadata();
  const auto format = metadata.find("format");
  if (format == metadata.end() || format->second != kFormat)
    throw Error(path.string() +
                ": not a checkpoint of poster_train; give the last.safetensors or best.safetensors of a run");
  file_->verify_checksum();
  try {
    outputs_ = std::stoll(metadata.at("outputs"));
    settings_ = settings_from_json(json::parse(metadata.at("settings")));
    const json p = json::parse(metadata.at("position"));
    p.at("epoch").get_to(position_.epoch);
    p.at("step").get_to(position_.step);
    p.at("best_accuracy").get_to(position_.best_accuracy);
    p.at("best_epoch").get_to(position_.best_epoch);
    p.at("loss_sum").get_to(position_.loss_sum);
    p.at("correct_sum").get_to(position_.correct_sum);
    p.at("images").get_to(position_.images);
    p.at("optimizer_steps").get_to(step_state_.updates);
    p.at("forward_passes").get_to(step_state_.forward_pass);
    // Runs from before there was loss scaling have none of these.
    step_state_.loss_scale = p.value("loss_scale", 0.0);
    step_state_.good_steps = p.value("good_steps", std::int64_t{0});
    step_state_.skipped_steps = p.value("skipped_steps", std::int64_t{0});
  } catch (const std::exception& e) {
    throw Error(path.string() + ": its metadata cannot be read (" + e.what() +
                "); use another checkpoint of the run");
  }
}

void Checkpoint::load_weights(TrainerBase<float>& trainer) const {
  Parameters<float>& parameters = trainer.parameters();
  const auto& specs = parameters.table().specs();
  for (std::size_t id = 0; id < specs.size(); ++id) {
    const TensorView* view = file_->find(specs[id].name);
    if (!view)
      throw Error(file_->path().string() + ": lacks the tensor " + specs[id].name + " of " + settings_.model +
                  "; it is a checkpoint of another version of the model");
    try {
      parameters.import_value(static_cast<ParameterId>(id), *view);
    } catch (const Error& e) {
      throw Error(file_->path().string() + ": " + e.what());
    }
  }
}

void Checkpoint::load_training_state(TrainerBase<float>& trainer) const {
  Parameters<float>& parameters = trainer.parameters();
  const auto& specs = parameters.table().specs();
  for (std::size_t id = 0; id < specs.size(); ++id) {
    if (specs[id].role != Role::trained) continue;
    for (const auto& [prefix, array] :
         {std::pair(kMoment1, parameters.moment1()), std::pair(kMoment2, parameters.moment2())}) {
      const std::string name = prefix + specs[id].name;
      parameters.import_trained(static_cast<ParameterId>(id), array, file_->at(name));
    }
  }
  kernels::StepState state = step_state_;
  // Of another precision's run: each precision begins with a scale of its own.
  const double scale = trainer.step_state().loss_scale;
  if (state.loss_scale == 0 || (state.loss_scale == 1) != (scale == 1)) {
    state.loss_scale = scale;
    state.good_steps = 0;
  }
  trainer.set_step_state(state);
}

}  // namespace poster

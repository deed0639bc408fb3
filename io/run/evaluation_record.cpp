#include "io/run/evaluation_record.h"

#include <filesystem>
#include <nlohmann/json.hpp>

#include "io/format/json_writer.h"
#include "io/plot/confusion.h"
#include "io/run/evaluation_place.h"

namespace poster {
namespace {

io::Predictions predictions_of(const Evaluation& evaluation, const std::string& data) {
  io::Predictions predictions{.outputs = {}, .images = evaluation.images};
  for (int i = 0; i < evaluation.confusion.outputs(); ++i)
    predictions.outputs.push_back(evaluation.confusion.output_name(i));
  // So that a run's folder means the same wherever the data lies.
  for (io::JudgedImage& image : predictions.images)
    image.path = std::filesystem::path(image.path).lexically_relative(data).string();
  return predictions;
}

nlohmann::ordered_json renaming_json(const io::ClassRenaming& renaming,
                                     const io::ConfusionMatrix& confusion) {
  nlohmann::ordered_json names = nlohmann::ordered_json::object();
  for (int label = 0; label < confusion.classes(); ++label)
    if (const int output = renaming.output_of[static_cast<std::size_t>(label)]; output >= 0)
      names[confusion.output_name(output)] = confusion.class_names()[static_cast<std::size_t>(label)];
  return {{"new_names", names},
          {"mean_recall", renaming.accuracy},
          {"mean_recall_renamed", renaming.renamed_accuracy},
          {"text", describe(renaming, confusion)}};
}

}  // namespace

std::string evaluation_file(const std::string& state, const std::string& split, const std::string& of) {
  return "evaluation-" + state + "-" + split + of + ".json";
}
std::string predictions_file(const std::string& state, const std::string& split, const std::string& of) {
  return "predictions-" + state + "-" + split + of + ".csv";
}
std::string confusion_file(const std::string& state, const std::string& split, const std::string& of) {
  return "confusion-" + state + "-" + split + of;
}

void write_evaluation(const io::RunFolder& folder, const EvaluatedState& state, const Settings& settings,
                      const Evaluation& evaluation) {
  const io::ConfusionMatrix& confusion = evaluation.confusion;
  nlohmann::ordered_json json = confusion.json();
  json["loss"] = evaluation.loss;
  if (evaluation.skipped > 0) json["skipped"] = evaluation.skipped;
  json["checkpoint"] = state.checkpoint;
  json["epoch"] = state.epoch < 0 ? nlohmann::ordered_json() : nlohmann::ordered_json(state.epoch);
  json["state"] = state.state;
  json["data"] = settings.data;
  json["split"] = settings.split;
  json["listing_hash"] = state.listing_hash;
  json["pictures"] = confusion.total();
  json.update(shown_json(settings));
  if (state.trained && !io::same_view(settings.view, state.trained->view))
    json["trained_view"] = io::to_json(state.trained->view);
  if (settings.preparation) json["preparation"] = io::to_json(*settings.preparation);
  if (!state.weights.empty()) json["weights"] = state.weights;
  if (!state.of.empty()) json["of"] = state.of;
  if (const auto renaming = io::find_class_renaming(confusion))
    json["renaming"] = renaming_json(*renaming, confusion);
  io::write_predictions(folder / predictions_file(state.state, settings.split, state.of),
                        predictions_of(evaluation, settings.data));
  io::plot_confusion(folder / confusion_file(state.state, settings.split, state.of),
                     settings.model + ", " + settings.recipe.name + ", " + settings.split + ", " +
                         state.state +
                         (state.epoch < 0 ? "" : " (epoch " + std::to_string(state.epoch) + ")"),
                     confusion);
  io::write_json(folder / evaluation_file(state.state, settings.split, state.of), json);
}

}  // namespace poster

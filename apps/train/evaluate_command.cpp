#include <cstdio>
#include <filesystem>

#include "apps/checkpoint/class_names.h"
#include "apps/common/output.h"
#include "apps/train/commands.h"
#include "apps/train/evaluation_place.h"
#include "apps/train/evaluation_record.h"
#include "apps/train/foreign_checkpoint.h"
#include "apps/train/output_folder.h"
#include "apps/train/prepared_view.h"
#include "apps/train/resume.h"
#include "engine/error.h"
#include "io/face/viewed_dataset.h"
#include "io/format/folder_lock.h"

namespace poster {
namespace {

namespace fs = std::filesystem;

// Names in the order of the labels: whoever saved a file without class names must have had the same order.
void check_classes(const Checkpoint& checkpoint, const Settings& settings, const io::Dataset& data) {
  const auto& classes = data.classes();
  if (checkpoint.outputs() < std::ssize(classes))
    throw Error(checkpoint.path().string() + ": has " + std::to_string(checkpoint.outputs()) + " outputs, " +
                settings.data + " has " + std::to_string(classes.size()) +
                " classes; give the data that it was trained for");
  if (checkpoint.settings() && !checkpoint.settings()->classes.empty()) return;
  std::string order;
  for (std::size_t i = 0; i < classes.size(); ++i)
    order += (i ? ", " : "") + std::to_string(i) + " " + classes[i];
  std::printf(
      "The file names no classes; its outputs are taken as: %s%s (--classes gives another order)\n",
      order.c_str(),
      checkpoint.outputs() > std::ssize(classes)
          ? (", and " + std::to_string(checkpoint.outputs() - std::ssize(classes)) + " without a class")
                .c_str()
          : "");
}

// "best" for runs/X/best.safetensors, "model_best" for model_best.pth.tar.
std::string state_name(const fs::path& checkpoint) {
  fs::path name = checkpoint.filename();
  for (const char* extension : {".safetensors", ".tar", ".pth", ".pt"})
    if (name.extension() == extension) name = name.stem();
  return name.string();
}

// The epoch that the file was saved after; -1 in the middle of one, or where the file doesn't say.
int epoch_of(const Checkpoint& checkpoint) {
  const Position& position = checkpoint.position();
  return checkpoint.settings() && position.step == 0 ? position.epoch - 1 : -1;
}

}  // namespace

Evaluated evaluate(const TrainOptions& options) {
  const Checkpoint checkpoint(options.evaluate, {.ignore_unsafe = options.weights.ignore_unsafe});
  const Settings* trained = checkpoint.settings();
  Settings settings = resolve_settings(with_model_of(checkpoint, options), trained);
  const fs::path named = resume_folder(options.evaluate, options.out);  // beside the checkpoint, or --out
  check_not_data(named, settings);
  const io::RunFolder folder = io::RunFolder::at(named);
  const io::FolderLock lock(named, kTrainProgram);
  settings.split = options.split.value_or("test");
  if (options.classes) settings.classes = output_names(checkpoint, *options.classes, options.rename_classes);
  // Any device evaluates what another has trained.
  if (!options.precision) settings.precision = Precision::float32;
  const std::vector<std::string> lines = settle_evaluation_view(settings, options, trained);
  Device device = Device::open(options.device, options.threads, settings.precision);
  const io::ImageFolder data(settings.data, settings.split, classes_or_none(settings),
                             settings.folder_rule());
  if (!data.left_out().empty()) say("Data: " + data.root() + ": " + data.left_out().line());
  check_classes(checkpoint, settings, data);
  const io::ViewedDataset views(data, io::remaining_view(settings.view, settings.preparation, settings.data));
  const auto trainer = make_trainer(device, settings.model, checkpoint.outputs());
  const std::string weights = checkpoint.load_weights(*trainer, options.weights.allow_partial);
  std::printf("Weights: %s from %s\n", weights.c_str(), options.evaluate.c_str());
  io::BatchLoader loader(
      views, settings.recipe, settings.recipe.batch_size, settings.seed, options.run.workers,
      {.train = false, .skip_bad = settings.skip_bad, .on_bad = [](const std::string& message) {
         std::printf("Skipped: %s\n", message.c_str());
       }});
  for (const std::string& line : lines) std::printf("%s\n", line.c_str());
  Evaluation evaluation = [&] {
    try {
      return evaluate_split(*trainer, data, loader, nullptr, options.run.print_freq,
                            [](const std::string& line) { std::printf("%s\n", line.c_str()); });
    } catch (const NotFiniteError& error) {
      throw Error(options.evaluate + ": " + error.what() +
                  "; the network has diverged in training, or its weights don't fit; use another checkpoint");
    }
  }();
  const bool partial = weights.find('(') != std::string::npos;
  EvaluatedState state{.state = state_name(options.evaluate),
                       .checkpoint = options.evaluate,
                       .epoch = epoch_of(checkpoint),
                       .listing_hash = list_splits(settings)[settings.split].hash,
                       .trained = trained,
                       .weights = partial ? weights : ""};
  state.of = other_subject(folder.path(), {.checkpoint = checkpoint,
                                           .state = state.state,
                                           .settings = settings,
                                           .listing_hash = state.listing_hash,
                                           .whole_network = !partial});
  write_evaluation(folder, state, settings, evaluation);
  const std::string picture = (folder / confusion_file(state.state, settings.split, state.of)).string();
  const fs::path record = folder / evaluation_file(state.state, settings.split, state.of);
  std::printf("\n%s\n", evaluation.confusion.text().c_str());
  if (const auto renaming = io::find_class_renaming(evaluation.confusion))
    std::printf("%s\n", describe(*renaming, evaluation.confusion).c_str());
  if (!state.of.empty())
    std::printf("Not the run's own result: %s, %lld pictures, listing %s, view %s\n",
                (fs::path(settings.data) / settings.split).c_str(), static_cast<long long>(data.size()),
                state.listing_hash.c_str(), describe(settings.view).c_str());
  std::printf("Written: %s, %s, %s.png, %s.svg\n", record.c_str(),
              (folder / predictions_file(state.state, settings.split, state.of)).c_str(), picture.c_str(),
              picture.c_str());
  return {std::move(evaluation), record, state.of.empty()};
}

}  // namespace poster

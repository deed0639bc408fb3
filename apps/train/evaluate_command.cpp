#include <cstdio>
#include <filesystem>

#include "apps/train/commands.h"
#include "apps/train/foreign_checkpoint.h"
#include "apps/train/prepared_view.h"
#include "engine/error.h"
#include "io/checkpoint/class_names.h"
#include "io/console/output.h"
#include "io/device/open_device.h"
#include "io/face/viewed_dataset.h"
#include "io/format/folder_lock.h"
#include "io/format/join.h"
#include "io/run/device_images.h"
#include "io/run/evaluation_place.h"
#include "io/run/evaluation_record.h"
#include "io/run/output_folder.h"
#include "io/run/resume.h"

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
  for (std::size_t i = 0; i < classes.size(); ++i) io::add_part(order, std::to_string(i) + " " + classes[i]);
  const std::int64_t others = checkpoint.outputs() - std::ssize(classes);
  say("The file names no classes; its outputs are taken as: " + order +
      (others > 0 ? ", and " + std::to_string(others) + " without a class" : "") +
      " (--classes gives another order)");
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
  settings.split = options.given.get(&Settings::split).value_or("test");
  if (const auto classes = options.given.get(&Settings::classes))
    settings.classes = output_names(checkpoint, *classes, options.rename_classes);
  // Any device evaluates what another has trained.
  if (!options.given.has(&Settings::precision)) settings.precision = Precision::float32;
  const std::vector<std::string> lines = settle_evaluation_view(settings, options, trained);
  Device device = io::open_device(options.device, options.threads, settings.precision);
  const io::ImageFolder data(settings.data, settings.split, classes_or_none(settings),
                             settings.folder_rule());
  if (!data.left_out().empty()) say("Data: " + data.root() + ": " + data.left_out().line());
  check_classes(checkpoint, settings, data);
  const io::ViewedDataset views(data, io::remaining_view(settings.view, settings.preparation, settings.data));
  const auto trainer = make_trainer(device, settings.model, checkpoint.outputs());
  std::vector<ParameterId> loaded;
  const std::string weights =
      checkpoint.load_weights(trainer->parameters(), options.weights.allow_partial, "", &loaded);
  if (options.weights.allow_partial) trainer->parameters().initialise(0, loaded);
  say("Weights: " + weights + " from " + options.evaluate);
  io::BatchLoader loader(views, settings.recipe, settings.recipe.batch_size, settings.seed,
                         options.run.workers,
                         {.train = false,
                          .out_size = input_side(settings),
                          .skip_bad = settings.skip_bad,
                          .on_bad = [](const std::string& message) { say("Skipped: " + message); }});
  for (const std::string& line : lines) say(line);
  Evaluation evaluation = [&] {
    try {
      return evaluate_split(*trainer, data, loader, nullptr, options.run.print_freq,
                            [](const std::string& line) { say(line); });
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
  const std::string confusion = (folder / confusion_file(state.state, settings.split, state.of)).string();
  const fs::path record = folder / evaluation_file(state.state, settings.split, state.of);
  say_text("\n" + evaluation.confusion.text() + "\n");
  if (const auto renaming = io::find_class_renaming(evaluation.confusion))
    say_text(describe(*renaming, evaluation.confusion) + "\n");
  if (!state.of.empty())
    say("Not the run's own result: " + (fs::path(settings.data) / settings.split).string() + ", " +
        std::to_string(data.size()) + " images, listing " + state.listing_hash + ", view " +
        describe(settings.view));
  say("Written: " + record.string() + ", " +
      (folder / predictions_file(state.state, settings.split, state.of)).string() + ", " + confusion +
      ".png, " + confusion + ".svg");
  return {std::move(evaluation), record, state.of.empty()};
}

}  // namespace poster

#include "apps/train/commands.h"

#include <cstdio>
#include <filesystem>

#include "apps/common/stop_signal.h"
#include "apps/train/evaluation_record.h"
#include "apps/train/memory_report.h"
#include "apps/train/resume.h"
#include "engine/error.h"

namespace poster {
namespace {

namespace fs = std::filesystem;

// A file from elsewhere says what network it holds, and nothing of settings.
TrainOptions with_model_of(const Checkpoint& checkpoint, TrainOptions options) {
  if (options.model && *options.model != checkpoint.model())
    throw Error("--model " + *options.model + ": " + checkpoint.path().string() + " holds a " +
                checkpoint.model() + "; leave --model out, or give another file");
  options.model = checkpoint.model();
  return options;
}

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

// What the run would need, without reading pictures or writing anything.
bool dry_run(const Settings& settings, Device& device, std::int64_t outputs) {
  const auto trainer = make_trainer(device, settings.model, outputs, settings.freeze);
  trainer->prepare_training(settings.optimizer(), settings.loss(), settings.seed);
  std::fputs(memory_report(*trainer, settings).c_str(), stdout);
  return true;
}

}  // namespace

bool train(const TrainOptions& options) {
  const auto resume =
      find_resume_point(options.resume, options.out, {.ignore_unsafe = options.weights.ignore_unsafe});
  const Checkpoint* checkpoint = resume ? resume->checkpoint.get() : nullptr;
  std::optional<InitialWeights> weights;
  if (!checkpoint) weights.emplace(options.weights);
  const Checkpoint* network = checkpoint ? checkpoint : weights->network();
  Settings settings = resolve_settings(network ? with_model_of(*network, options) : options,
                                       checkpoint ? checkpoint->settings() : nullptr);
  Device device = Device::open(options.device, options.threads, settings.precision);
  if (options.dry_run)
    return dry_run(settings, device,
                   checkpoint
                       ? checkpoint->outputs()
                       : weights->outputs(std::ssize(
                             io::ImageFolder(settings.data, "train", classes_or_none(settings)).classes())));
  const fs::path resumed_folder = resume ? resume->path.parent_path() : fs::path();
  io::RunFolder folder = !options.out.empty() ? io::RunFolder::at(options.out)
                         : resume ? io::RunFolder::at(resumed_folder.empty() ? "." : resumed_folder)
                                  : io::RunFolder::create(settings.recipe.name);
  if (!resume && fs::exists(folder / "last.safetensors"))
    throw Error(folder.path().string() +
                " holds a run already; give another --out, or --resume auto to go on with it");
  if (options.beta != 0) std::printf("--beta has no effect, as in the reference\n");
  RunOptions run = options.run;
  run.cache_bytes = static_cast<std::int64_t>(options.cache_mib * (1 << 20));
  catch_stop_signals();
  TrainingRun training(device, settings, run, std::move(folder),
                       {.resume = checkpoint,
                        .weights = weights ? &*weights : nullptr,
                        .start_epoch = options.start_epoch.value_or(-1)});
  const bool finished = training.run();
  std::printf("Run: %s\n", training.folder().path().c_str());
  return finished;
}

Evaluation evaluate(const TrainOptions& options) {
  const Checkpoint checkpoint(options.evaluate, {.ignore_unsafe = options.weights.ignore_unsafe});
  Settings settings = resolve_settings(with_model_of(checkpoint, options), checkpoint.settings());
  settings.split = options.split.value_or("test");
  // Any device evaluates what another has trained.
  if (!options.precision) settings.precision = Precision::float32;
  Device device = Device::open(options.device, options.threads, settings.precision);
  const io::ImageFolder data(settings.data, settings.split, classes_or_none(settings));
  check_classes(checkpoint, settings, data);
  const io::ViewedDataset views(data, settings.view);
  const auto trainer = make_trainer(device, settings.model, checkpoint.outputs());
  std::printf("Weights: %s from %s\n",
              checkpoint.load_weights(*trainer, options.weights.allow_partial).c_str(),
              options.evaluate.c_str());
  io::BatchLoader loader(
      views, settings.recipe, settings.recipe.batch_size, settings.seed, options.run.workers,
      {.train = false, .skip_bad = settings.skip_bad, .on_bad = [](const std::string& message) {
         std::printf("Skipped: %s\n", message.c_str());
       }});
  const io::ViewOptions trained = checkpoint.settings() ? checkpoint.settings()->view : settings.view;
  const bool other_view = !same_view(settings.view, trained);
  if (settings.view.view != io::View::full || other_view)
    std::printf("View: %s%s\n", describe(settings.view).c_str(),
                other_view ? (" (trained with: " + describe(trained) + ")").c_str() : "");
  Evaluation evaluation = evaluate_split(*trainer, data, loader, nullptr, options.run.print_freq,
                                         [](const std::string& line) { std::printf("%s\n", line.c_str()); });
  const fs::path parent = fs::path(options.evaluate).parent_path();
  const io::RunFolder folder = io::RunFolder::at(!options.out.empty() ? fs::path(options.out)
                                                 : parent.empty()     ? fs::path(".")
                                                                      : parent);
  const std::string state = state_name(options.evaluate);
  write_evaluation(folder, {state, options.evaluate, epoch_of(checkpoint)}, settings, evaluation);
  const std::string picture = (folder / confusion_file(state, settings.split)).string();
  std::printf("\n%s\n", evaluation.confusion.text().c_str());
  if (const auto renaming = io::find_class_renaming(evaluation.confusion))
    std::printf("%s\n", describe(*renaming, evaluation.confusion).c_str());
  std::printf("Written: %s, %s, %s.png, %s.svg\n", (folder / evaluation_file(state, settings.split)).c_str(),
              (folder / predictions_file(state, settings.split)).c_str(), picture.c_str(), picture.c_str());
  return evaluation;
}

}  // namespace poster

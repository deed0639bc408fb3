#include "apps/train/commands.h"

#include <cstdio>
#include <filesystem>

#include "apps/common/output.h"
#include "apps/common/stop_signal.h"
#include "apps/train/evaluation_record.h"
#include "apps/train/memory_report.h"
#include "apps/train/resume.h"
#include "apps/train/run_state.h"
#include "engine/error.h"
#include "io/format/folder_lock.h"

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

constexpr const char* kProgram = "poster_train";

// A run's curves and confusion matrices are pictures: among the data they would be trained on.
void check_not_data(const fs::path& folder, const Settings& settings) {
  std::error_code error;
  const fs::path out = fs::weakly_canonical(folder, error);
  for (const char* split : {"train", "valid", "test"}) {
    const fs::path below =
        out.lexically_relative(fs::weakly_canonical(fs::path(settings.data) / split, error));
    if (!below.empty() && *below.begin() != "..")
      throw Error(folder.string() + ": lies among the pictures of " + settings.data +
                  "; name another folder with --out");
  }
}

bool names_files(const InitialWeightsOptions& weights) {
  return !weights.pretrained_dir.empty() || !weights.ir50.empty() || !weights.landmarks.empty() ||
         !weights.network.empty();
}

// `goes_on`: with --resume auto, which begins a run that has saved nothing.
void check_holds_no_run(const fs::path& folder, bool goes_on) {
  const std::string trace = trace_of_run(folder);
  if (trace.empty() || (goes_on && has_saved_nothing(folder))) return;
  throw Error(folder.string() + " holds a run already (" + trace + "); give another --out" +
              (goes_on ? ": it has no checkpoint to go on from" : ", or --resume auto to go on with it"));
}

// What the run would need, without reading pictures or writing anything.
bool dry_run(const Settings& settings, Device& device, std::int64_t outputs) {
  const auto trainer = make_trainer(device, settings.model, outputs, settings.freeze);
  trainer->prepare_training(settings.optimizer(), settings.loss(), settings.seed);
  say_text(memory_report(*trainer, settings));
  return true;
}

}  // namespace

bool train(const TrainOptions& options) {
  const fs::path named = resume_folder(options.resume, options.out);
  std::error_code ignored;
  std::optional<io::FolderLock> lock;
  // Nothing of a run is read while another program writes it.
  if (!options.resume.empty() && !options.dry_run && fs::is_directory(named, ignored))
    lock.emplace(named, kProgram);
  const auto resume =
      find_resume_point(options.resume, named, {.ignore_unsafe = options.weights.ignore_unsafe});
  const Checkpoint* checkpoint = resume ? resume->checkpoint.get() : nullptr;
  std::optional<InitialWeights> weights;
  if (!checkpoint) weights.emplace(options.weights);
  const Checkpoint* network = checkpoint ? checkpoint : weights->network();
  Settings settings = resolve_settings(network ? with_model_of(*network, options) : options,
                                       checkpoint ? checkpoint->settings() : nullptr);
  ResumeChanges changes;
  if (checkpoint) check_settings(*checkpoint, settings, options.allow_changes, changes);
  Device device = Device::open(options.device, options.threads, settings.precision);
  if (options.dry_run)
    return dry_run(
        settings, device,
        checkpoint
            ? checkpoint->outputs()
            : weights->outputs(std::ssize(
                  io::ImageFolder(settings.data, "train", classes_or_none(settings), settings.folder_rule())
                      .classes())));
  if (!named.empty()) check_not_data(named, settings);
  io::RunFolder folder =
      named.empty() ? io::RunFolder::create(settings.recipe.name) : io::RunFolder::at(named);
  if (!lock) lock.emplace(folder.path(), kProgram);
  if (!checkpoint) check_holds_no_run(folder.path(), options.resume == "auto");
  if (options.beta != 0) say("--beta has no effect, as in the reference");
  if (checkpoint && names_files(options.weights))
    say("The flags of initial weights have no effect: the run goes on with the weights of " +
        resume->path.string());
  RunOptions run = options.run;
  run.cache_bytes = static_cast<std::int64_t>(options.cache_mib * (1 << 20));
  catch_stop_signals();
  TrainingRun training(device, settings, run, std::move(folder),
                       {.resume = checkpoint,
                        .weights = weights ? &*weights : nullptr,
                        .start_epoch = options.start_epoch.value_or(-1),
                        .changes = std::move(changes),
                        .allow_changes = options.allow_changes});
  const bool finished = training.run();
  say("Run: " + training.folder().path().string());
  return finished;
}

Evaluation evaluate(const TrainOptions& options) {
  const Checkpoint checkpoint(options.evaluate, {.ignore_unsafe = options.weights.ignore_unsafe});
  Settings settings = resolve_settings(with_model_of(checkpoint, options), checkpoint.settings());
  const fs::path named = resume_folder(options.evaluate, options.out);  // beside the checkpoint, or --out
  check_not_data(named, settings);
  const io::RunFolder folder = io::RunFolder::at(named);
  const io::FolderLock lock(named, kProgram);
  settings.split = options.split.value_or("test");
  // Any device evaluates what another has trained.
  if (!options.precision) settings.precision = Precision::float32;
  Device device = Device::open(options.device, options.threads, settings.precision);
  const io::ImageFolder data(settings.data, settings.split, classes_or_none(settings),
                             settings.folder_rule());
  if (!data.left_out().empty()) say("Data: " + data.root() + ": " + data.left_out().line());
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
  Evaluation evaluation = [&] {
    try {
      return evaluate_split(*trainer, data, loader, nullptr, options.run.print_freq,
                            [](const std::string& line) { std::printf("%s\n", line.c_str()); });
    } catch (const NotFiniteError& error) {
      throw Error(options.evaluate + ": " + error.what() +
                  "; the network has diverged in training, or its weights don't fit; use another checkpoint");
    }
  }();
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

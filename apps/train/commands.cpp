#include "apps/train/commands.h"

#include <cstdio>
#include <filesystem>

#include "apps/train/foreign_checkpoint.h"
#include "apps/train/prepared_view.h"
#include "engine/error.h"
#include "io/console/output.h"
#include "io/console/stop_signal.h"
#include "io/device/open_device.h"
#include "io/format/folder_lock.h"
#include "io/run/memory_report.h"
#include "io/run/output_folder.h"
#include "io/run/resume.h"
#include "io/run/run_state.h"

namespace poster {
namespace {

namespace fs = std::filesystem;

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

// What the run would need, without reading images or writing anything.
bool dry_run(const Settings& settings, Device& device, std::int64_t outputs) {
  const auto trainer = make_trainer(device, settings.model, outputs, settings.freeze);
  trainer->prepare_training(settings.optimizer(), settings.loss(), settings.seed);
  say_text(memory_report(*trainer, settings));
  return true;
}

// A run that has gone further than the --epochs that are given now. What is written would not be true: its
// checkpoints have gone on, with the settings they have.
bool goes_nowhere(const Checkpoint& checkpoint, const Settings& settings, const TrainOptions& options) {
  const int done = options.start_epoch.value_or(checkpoint.position().epoch), wanted = settings.recipe.epochs;
  const bool shorter = checkpoint.settings() && wanted < checkpoint.settings()->recipe.epochs;
  if (!shorter || (done < wanted || (done == wanted && checkpoint.position().epoch_images == 0)))
    return false;
  say("Nothing to train: " + std::to_string(done) + " epochs are done and --epochs is " +
      std::to_string(wanted) + "; nothing was changed. Give more, or leave --epochs out to go on to " +
      std::to_string(checkpoint.settings()->recipe.epochs));
  return true;
}

}  // namespace

bool train(const TrainOptions& options) {
  const fs::path named = resume_folder(options.resume, options.out);
  std::error_code ignored;
  std::optional<io::FolderLock> lock;
  // Nothing of a run is read while another program writes it.
  if (!options.resume.empty() && !options.dry_run && fs::is_directory(named, ignored))
    lock.emplace(named, kTrainProgram);
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
  std::vector<std::string> notes =
      settle_training_view(settings, options, checkpoint ? checkpoint->settings() : nullptr);
  if (checkpoint && goes_nowhere(*checkpoint, settings, options)) return true;
  Device device = io::open_device(options.device, options.threads, settings.precision);
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
  if (!lock) lock.emplace(folder.path(), kTrainProgram);
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
                        .allow_changes = options.allow_changes,
                        .notes = std::move(notes)});
  const bool finished = training.run();
  say("Run: " + training.folder().path().string());
  return finished;
}

}  // namespace poster

#include "apps/train/train_options.h"

#include <CLI/CLI.hpp>

#include <nlohmann/json.hpp>

#include "engine/error.h"
#include "io/format/quoted_name.h"
#include "io/format/utf8.h"
#include "io/settings/setting_rules.h"
#include "model/network.h"

namespace poster {
namespace {

std::string join(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ", ") + word;
  return text;
}

std::string model_list() {
  std::vector<std::string> names;
  for (const ModelInfo& info : models()) names.push_back(info.name);
  return join(names);
}

template <typename T>
void override_with(T& value, const std::optional<T>& given) {
  if (given) value = *given;
}

// A recipe's learning rate and batch size are the full networks'.
void prefer_models_values(Settings& settings) {
  const ModelInfo& info = model_info(settings.model);
  if (info.learning_rate > 0) settings.recipe.learning_rate = info.learning_rate;
  if (info.batch_size > 0) settings.recipe.batch_size = info.batch_size;
}

void add_reference_flags(CLI::App& app, TrainOptions& o) {
  const std::string group = "Flags of the reference";
  app.add_option("--data", o.data, "DIR with train/CLASS/, valid/CLASS/ and test/CLASS/ full of pictures")
      ->group(group);
  app.add_option("--epochs", o.epochs, "epochs to train in all (recipe: 200)")->group(group);
  app.add_option("-b,--batch-size", o.batch_size, "pictures of one step (recipe: 64; tiny models: 8)")
      ->group(group);
  app.add_option(
         "--lr", o.lr,
         "learning rate of the first epoch; falls by gamma each epoch (recipe: 3.5e-5; tiny models: 3e-4)")
      ->group(group);
  app.add_option("--optimizer", o.optimizer, "adam, adamw or sgd, inside SAM (recipe: adam)")->group(group);
  app.add_option("--wd", o.wd,
                 "weight decay, default 0. The reference accepts this flag and drops it; here it works")
      ->group(group);
  app.add_option("--momentum", o.momentum,
                 "momentum of sgd, default 0. The reference drops it too; here it works")
      ->group(group);
  app.add_option(
         "--resume", o.resume,
         "go on from this checkpoint, to the bit as if never stopped; also from the reference's .pth; "
         "\"auto\": from the last one in --out, or in the newest folder of runs/, or from the start "
         "when there is none")
      ->group(group);
  app.add_flag(
         "--allow-changes", o.allow_changes,
         "with --resume: go on although pictures, seed, optimizer or other settings are others than before; "
         "the run's record says so")
      ->group(group);
  app.add_option("-e,--evaluate", o.evaluate,
                 "evaluate this checkpoint (.safetensors or .pth) on --split (default: test) and exit")
      ->group(group);
  app.add_option("--checkpoint_path", o.run.torch_last,
                 "also write the state after each epoch to this .pth file, as the reference does")
      ->group(group);
  app.add_option("--best_checkpoint_path", o.run.torch_best, "the same for each best state")->group(group);
  app.add_option("--beta", o.beta, "without effect, as in the reference")->group(group);
  app.add_option("--start-epoch", o.start_epoch,
                 "number of the first epoch, for the learning rate and the log")
      ->check(CLI::Range(0, kMaxEpochs))
      ->group(group);
  app.add_option("-j,--workers", o.run.workers, "threads that read pictures; never changes a result")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str()
      ->group(group);
  app.add_option("-p,--print-freq", o.run.print_freq, "steps from one log line to the next")
      ->check(CLI::PositiveNumber)
      ->capture_default_str()
      ->group(group);
  app.add_option("--gpu", o.gpu,
                 "number of the GPU to use, as in CUDA_VISIBLE_DEVICES; without effect on the CPU")
      ->group(group);
}

void add_weights_flags(CLI::App& app, TrainOptions& o) {
  const std::string group = "Weights";
  InitialWeightsOptions& w = o.weights;
  app.add_option(
         "--pretrained-dir", w.pretrained_dir,
         "DIR with the backbones' files: ir50.pth and mobilefacenet_model_best.pth.tar, or others with "
         "these words in their names")
      ->group(group);
  app.add_option("--ir50", w.ir50, "file of the image backbone; the names of POSTER V1 and V2 are understood")
      ->group(group);
  app.add_option("--landmarks", w.landmarks, "file of the landmark backbone")->group(group);
  app.add_option("--weights", w.network,
                 "start from this whole network (.pth or .safetensors), with a new optimizer")
      ->group(group);
  app.add_flag("--new-head", w.new_head,
               "with --weights: begin the last layer anew, with as many outputs as there are classes")
      ->group(group);
  app.add_flag("--allow-partial", w.allow_partial,
               "load what fits of a file that lacks tensors or has others, and say so")
      ->group(group);
  app.add_flag(
         "--ignore-unsafe", w.ignore_unsafe,
         "load the tensors of a .pth file that names functions reaching the system; they are never called")
      ->group(group);
  app.add_option("--freeze", o.freeze,
                 "what keeps its weights: landmarks, ir50, landmarks,ir50 or none (default: landmarks)")
      ->group(group);
}

void add_run_flags(CLI::App& app, TrainOptions& o) {
  const std::string group = "Run";
  app.add_option("--model", o.model, "one of " + model_list() + " (default: poster-v2)")->group(group);
  app.add_option("--recipe", o.recipe,
                 "one of " + join(io::recipe_names()) + " (default: the model's, augmented or raf-db-v1)")
      ->group(group);
  app.add_option("--out", o.out, "the run's folder (default: runs/TIME-RECIPE)")->group(group);
  app.add_flag("--tensorboard", o.run.tensorboard,
               "also write the curves as an event file for TensorBoard into the run's folder; a resumed run "
               "continues it without the flag")
      ->group(group);
  app.add_option("--classes", o.classes,
                 "class names in label order, separated by commas (default: the sorted folders)")
      ->delimiter(',')
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->group(group);
  app.add_flag(
         "--rename-classes", o.rename_classes,
         "with --evaluate: take --classes in place of the names in the checkpoint, the first for output 0")
      ->group(group);
  app.add_option("--split", o.split,
                 "split to evaluate: each epoch in training (default: valid), or with --evaluate "
                 "(default: test)")
      ->check(CLI::IsMember({"valid", "test", "train"}))
      ->group(group);
  app.add_option("--seed", o.seed, "the same seed gives the same bits (default: 0)")->group(group);
  app.add_option("--device", o.device, "auto, cpu or cuda")->capture_default_str()->group(group);
  app.add_option(
         "--precision", o.precision,
         "fp32; on a CUDA device also tf32 (products of floats with 11 significant bits) and fp16 (16-bit "
         "maps, float master weights, loss scaling) (default: fp32)")
      ->check(CLI::IsMember({"fp32", "tf32", "fp16"}))
      ->group(group);
  app.add_flag("--dry-run", o.dry_run, "say what memory the run needs, and train nothing")->group(group);
  app.add_option("--threads", o.threads, "CPU threads that compute; 0: one each core")
      ->capture_default_str()
      ->group(group);
  app.add_option("--cache-mib", o.cache_mib,
                 "memory for decoded pictures, in MiB; 0: read them anew each epoch")
      ->check(CLI::Range(0.0, 1e9))
      ->capture_default_str()
      ->group(group);
  app.add_option("--skip-bad", o.skip_bad,
                 "pass over this many unreadable pictures, with a line in the log (default: 0)")
      ->group(group);
  app.add_flag("--flat-folders", o.flat_folders,
               "leave out folders within class folders, and .ppm, .pgm and .jfif, as earlier versions did: "
               "to go on "
               "with a run that was begun so")
      ->group(group);
  app.add_flag("--drop-last", o.drop_last, "leave out a last batch of a single picture")->group(group);
}

void add_recipe_flags(CLI::App& app, TrainOptions& o) {
  const std::string group = "Single settings of the recipe";
  app.add_option("--gamma", o.gamma, "the learning rate's factor from one epoch to the next")->group(group);
  app.add_option("--rho", o.rho, "radius of SAM's ascent; 0: plain steps, at half the cost")->group(group);
  app.add_option("--resize", o.resize,
                 "keep-ratio (short side to 224, padded and cropped about the centre) or stretch (recipe; "
                 "with --view lower: stretch)")
      ->check(CLI::IsMember({"keep-ratio", "stretch"}))
      ->group(group);
  app.add_option("--flip", o.flip, "probability of a horizontal flip")->group(group);
  app.add_option("--brightness", o.brightness, "colour jitter: factors from 1 - x to 1 + x")->group(group);
  app.add_option("--contrast", o.contrast, "the same for contrast")->group(group);
  app.add_option("--saturation", o.saturation, "the same for saturation")->group(group);
  app.add_option("--hue", o.hue, "shift of the hue from -x to x, of the circle")->group(group);
  app.add_option("--rotation", o.rotation, "rotation from -x to x degrees")->group(group);
  app.add_option("--translation", o.translation, "shift from -x to x of the side")->group(group);
  app.add_option("--erase", o.erase, "probability of random erasing")->group(group);
  app.add_option("--erase-area-min", o.erase_area_min, "smallest erased share of the picture")->group(group);
  app.add_option("--erase-area-max", o.erase_area_max, "largest erased share")->group(group);
  app.add_option("--balanced", o.balanced, "true: draw every class equally often")->group(group);
}

}  // namespace

void add_train_options(CLI::App& app, TrainOptions& options) {
  app.option_defaults()->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);  // as argparse does
  add_reference_flags(app, options);
  add_weights_flags(app, options);
  add_run_flags(app, options);
  add_recipe_flags(app, options);
  add_view_flags(app, options.view, "the checkpoint's, else as prepared, else full");
  add_view_place_flags(app, options.view, "as prepared, else 0");
}

Settings resolve_settings(const TrainOptions& o, const Settings* base) {
  Settings s = base ? *base : Settings{};
  override_with(s.data, o.data);
  override_with(s.model, o.model);
  // A run that goes on keeps its recipe as it stands: its name alone changes nothing.
  const bool new_recipe = !base || (o.recipe && *o.recipe != base->recipe.name);
  if (new_recipe) s.recipe = io::recipe_by_name(o.recipe.value_or(model_info(s.model).recipe));
  if (!base) prefer_models_values(s);
  override_with(s.recipe.optimizer, o.optimizer);
  override_with(s.recipe.learning_rate, o.lr);
  override_with(s.recipe.gamma, o.gamma);
  override_with(s.recipe.rho, o.rho);
  override_with(s.recipe.batch_size, o.batch_size);
  override_with(s.recipe.epochs, o.epochs);
  override_with(s.recipe.flip_probability, o.flip);
  override_with(s.recipe.brightness, o.brightness);
  override_with(s.recipe.contrast, o.contrast);
  override_with(s.recipe.saturation, o.saturation);
  override_with(s.recipe.hue, o.hue);
  override_with(s.recipe.rotation_degrees, o.rotation);
  override_with(s.recipe.translation, o.translation);
  override_with(s.recipe.erase_probability, o.erase);
  override_with(s.recipe.erase_area_min, o.erase_area_min);
  override_with(s.recipe.erase_area_max, o.erase_area_max);
  override_with(s.recipe.balanced_sampler, o.balanced);
  if (o.resize)
    s.recipe.resize = *o.resize == "stretch" ? io::ResizeMode::stretch : io::ResizeMode::keep_ratio;
  s.view = resolve_view(o.view, s.view);
  // The lower part of a face is twice as wide as high: keeping its ratio would cut the corners of the mouth
  // off.
  if (new_recipe && !o.resize && s.view.view == io::View::lower) s.recipe.resize = io::ResizeMode::stretch;
  override_with(s.weight_decay, o.wd);
  override_with(s.momentum, o.momentum);
  override_with(s.seed, o.seed);
  if (o.freeze) s.freeze = freeze_by_name(*o.freeze);
  if (o.precision) s.precision = precision_by_name(*o.precision);
  override_with(s.split, o.split);
  override_with(s.skip_bad, o.skip_bad);
  override_with(s.classes, o.classes);
  s.drop_last = s.drop_last || o.drop_last;
  s.flat_folders = s.flat_folders || o.flat_folders;

  if (base && o.model && *o.model != base->model)
    throw Error("--model " + *o.model + ": the checkpoint holds a " + base->model +
                "; leave --model out, or give another "
                "checkpoint");
  if (base && o.classes && *o.classes != base->classes && !(o.rename_classes && !o.evaluate.empty()))
    throw Error("--classes: the checkpoint was trained on " + join(base->classes) + ", not on " +
                join(*o.classes) + "; leave --classes out" +
                (o.evaluate.empty() ? "" : ", or insist on other names (--rename-classes)"));
  if (o.rename_classes && (o.evaluate.empty() || !o.classes))
    throw Error("--rename-classes: has an effect on --evaluate with --classes alone; leave it out");
  if (base && o.evaluate.empty() && !same_view(s.view, base->view))
    throw Error("--view: the checkpoint was trained with the view \"" + describe(base->view) +
                "\", not with \"" + describe(s.view) + "\"; leave these options out, or train anew");
  if (s.data.empty()) throw Error("--data: give the folder with train/, valid/ and test/");
  if (!io::is_utf8(s.data))
    throw Error("--data " + io::quoted_name(s.data) +
                ": checkpoints keep the path, and it is not UTF-8; rename the folder");
  optimizer_kind(s.recipe.optimizer);
  io::check_recipe(s.recipe, "the recipe's settings");
  check_by_rules(setting_rules(), to_json(s));
  return s;
}

}  // namespace poster

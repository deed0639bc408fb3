// What poster_train takes besides settings: what to do, with which files, and on which machine.
#include "apps/train/train_options.h"

namespace poster {
namespace {

using O = TrainOptions;
using io::setting;

constexpr const char* kReference = "Flags of the reference";
constexpr const char* kConvertWrites = "poster_checkpoint convert writes such files";

const io::SettingTable<RunOptions>& run_rows() {
  using R = RunOptions;
  static const io::SettingTable<R> rows = {
      setting(&R::torch_last,
              {.flag = "--checkpoint_path",
               .group = kReference,
               .help = "also write the state after each epoch to this .pth file, as the reference does",
               .no_study = kConvertWrites}),
      setting(&R::torch_best, {.flag = "--best_checkpoint_path",
                               .group = kReference,
                               .help = "the same for each best state",
                               .no_study = kConvertWrites}),
      setting(&R::workers, {.flag = "--workers",
                            .short_flag = "-j",
                            .group = kReference,
                            .help = "threads that read images; never changes a result",
                            .range = {.low = 0},
                            .shows_default = true}),
      setting(&R::print_freq, {.flag = "--print-freq",
                               .short_flag = "-p",
                               .group = kReference,
                               .help = "steps from one log line to the next",
                               .range = {.low = 0, .above_low = true},
                               .shows_default = true}),
      setting(
          &R::tensorboard,
          {.flag = "--tensorboard",
           .help =
               "also write the curves as an event file for TensorBoard into the run's folder; a resumed run continues it without the flag",
           .is_switch = true}),
      setting(
          &R::keep,
          {.flag = "--keep",
           .help =
               "checkpoints to keep: previous (last, best and the one before each; default) or newest (last and best only, half the space)",
           .choices = {"previous", "newest"}})};
  return rows;
}

const io::SettingTable<InitialWeightsOptions>& weights_rows() {
  using W = InitialWeightsOptions;
  static const io::SettingTable<W> rows = {
      setting(
          &W::pretrained_dir,
          {.flag = "--pretrained-dir",
           .help =
               "DIR with the backbones' files: ir50.pth and mobilefacenet_model_best.pth.tar, or others with these words in their names"}),
      setting(&W::ir50, {.flag = "--ir50",
                         .help = "file of the image backbone; the names of POSTER V1 and V2 are understood"}),
      setting(&W::landmarks, {.flag = "--landmarks", .help = "file of the landmark backbone"}),
      setting(&W::network,
              {.flag = "--weights",
               .help = "start from this whole network (.pth or .safetensors), with a new optimizer"}),
      setting(&W::new_head,
              {.flag = "--new-head",
               .help = "with --weights: begin the last layer anew, with as many outputs as there are classes",
               .is_switch = true}),
      setting(&W::allow_partial,
              {.flag = "--allow-partial",
               .help = "load what fits of a file that lacks tensors or has others, and say so",
               .is_switch = true}),
      setting(
          &W::ignore_unsafe,
          {.flag = "--ignore-unsafe",
           .help =
               "load the tensors of a .pth file that names functions reaching the system; they are never called",
           .is_switch = true})};
  return rows;
}

io::SettingTable<O> make_table() {
  io::SettingTable<O> table = {
      setting(
          &O::resume,
          {.flag = "--resume",
           .group = kReference,
           .help =
               "go on from this checkpoint, to the bit as if never stopped; also from the reference's .pth; \"auto\": from the last one in --out, or in the newest folder of runs/, or from the start when there is none",
           .no_study = "runs that were stopped go on by themselves"}),
      setting(
          &O::allow_changes,
          {.flag = "--allow-changes",
           .group = kReference,
           .help =
               "with --resume: go on although images, seed, optimizer or other settings are others than before; the run's record says so",
           .is_switch = true,
           .no_study = "a run of a study keeps its settings and data"}),
      setting(&O::evaluate,
              {.flag = "--evaluate",
               .short_flag = "-e",
               .group = kReference,
               .help = "evaluate this checkpoint (.safetensors or .pth) on --split (default: test) and exit",
               .no_study = "each run is evaluated on valid and test"}),
      setting(&O::beta, {.flag = "--beta",
                         .group = kReference,
                         .help = "without effect, as in the reference",
                         .no_study = "it has no effect"}),
      {{.flag = "--start-epoch",
        .group = kReference,
        .help = "number of the first epoch, for the learning rate and the log",
        .range = {.low = 0, .high = io::kMaxEpochs},
        .no_study = "runs begin with epoch 0"},
       [](const O& o) -> io::SettingValue { return o.start_epoch.value_or(0); },
       [](O& o, const io::SettingValue& value) { o.start_epoch = std::get<int>(value); },
       [](const O& o) -> const void* { return &o.start_epoch; },
       {},
       0},
      setting(&O::gpu,
              {.flag = "--gpu",
               .group = kReference,
               .help = "number of the GPU to use, as nvidia-smi counts them; without effect on the CPU",
               .no_study = "set CUDA_VISIBLE_DEVICES"}),
      setting(&O::out, {.flag = "--out",
                        .help = "the run's folder (default: runs/TIME-RECIPE)",
                        .no_study = "each run has its folder in the study's"}),
      setting(
          &O::rename_classes,
          {.flag = "--rename-classes",
           .help =
               "with --evaluate: take --classes in place of the names in the checkpoint, the first for output 0",
           .is_switch = true}),
      setting(&O::device, {.flag = "--device",
                           .help = "auto, cpu or cuda",
                           .shows_default = true,
                           .no_study = "give --device to poster_study"}),
      setting(&O::dry_run, {.flag = "--dry-run",
                            .help = "say what memory the run needs, and train nothing",
                            .is_switch = true,
                            .no_study = "give --dry-run to poster_study"}),
      setting(&O::threads, {.flag = "--threads",
                            .help = "CPU threads that compute; 0: one each core",
                            .shows_default = true,
                            .no_study = "give --threads to poster_study"}),
      setting(&O::cache_mib, {.flag = "--cache-mib",
                              .help = "memory for decoded images, in MiB; 0: read them anew each epoch",
                              .range = {.low = 0, .high = 1e9},
                              .shows_default = true})};
  io::add_settings_of(&O::run, "", run_rows(), 1, table);
  for (io::Setting<O>& row : table)
    if (row.group.empty()) row.group = "Run";
  io::add_settings_of(&O::weights, "", weights_rows(), 1, table);
  for (io::Setting<O>& row : table)
    if (row.group.empty()) row.group = kWeightsGroup;
  return table;
}

}  // namespace

const io::SettingTable<TrainOptions>& TrainOptions::table() {
  static const io::SettingTable<TrainOptions> table = make_table();
  return table;
}

}  // namespace poster

// The command line of poster_train: the reference's flags and ours.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "io/checkpoint/initial_weights.h"
#include "io/format/given_settings.h"
#include "io/run/training_run.h"
#include "io/settings/settings.h"

namespace CLI {
class App;
}

namespace poster {

struct TrainOptions {
  // A setting that was not given has the checkpoint's value when a run is resumed, else the recipe's.
  io::GivenSettings<Settings> given;
  io::GivenSettings<io::ViewOptions> view;

  bool dry_run = false, rename_classes = false;
  bool allow_changes = false;  // of what makes a run another, when it goes on
  std::string evaluate;        // checkpoint to evaluate instead of training
  std::string resume;          // checkpoint, or "auto"
  std::string out, device = "auto", gpu;
  int threads = 0;
  std::optional<int> start_epoch;
  double cache_mib = 2048;
  RunOptions run;
  InitialWeightsOptions weights;
  double beta = 0;  // the reference's flag without effect

  // Of all but the settings.
  static const io::SettingTable<TrainOptions>& table();
};

inline constexpr const char* kWeightsGroup = "Weights";  // flags of what a run begins with

void add_train_options(CLI::App& app, TrainOptions& options);

// Lets CUDA see `gpu` alone, a number as nvidia-smi counts them; empty: all of them. Before CUDA is first
// called.
void choose_gpu(const std::string& gpu);

// Every flag, of settings and of options, in the order of --help.
const std::vector<const io::SettingInfo*>& train_flags();
const io::SettingInfo* train_flag(const std::string& flag);  // null: there is none
// Where people are told of it, among others.
std::ptrdiff_t flag_rank(const io::SettingInfo& setting);
// Of Settings' rows: what the view's own flags (apps/common/view_options.h) give.
bool is_of_view(const io::SettingInfo& setting);

// The settings of a run: `base` (a checkpoint's), or the recipe's and the defaults, with what was given on
// top. A run that goes on keeps the checkpoint's view; an evaluation may choose another.
Settings resolve_settings(const TrainOptions& options, const Settings* base);

}  // namespace poster

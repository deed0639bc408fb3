// The command line of poster_train: the reference's flags and ours.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "apps/common/view_options.h"
#include "io/run/training_run.h"
#include "io/settings/settings.h"

namespace CLI {
class App;
}

namespace poster {

// An option that was not given stays empty: then the checkpoint's value counts when a run is resumed, else
// the recipe's.
struct TrainOptions {
  std::optional<std::string> data, model, recipe, optimizer, resize, split, precision;
  std::optional<double> lr, wd, momentum, gamma, rho;
  std::optional<int> batch_size, epochs, start_epoch;
  std::optional<std::uint64_t> seed;
  std::optional<std::int64_t> skip_bad;
  std::optional<double> flip, brightness, contrast, saturation, hue, rotation, translation, erase,
      erase_area_min, erase_area_max;
  std::optional<bool> balanced;
  ViewFlags view;
  std::optional<std::string> freeze;
  bool drop_last = false, dry_run = false, flat_folders = false, rename_classes = false;
  bool allow_changes = false;  // of what makes a run another, when it goes on
  std::optional<std::vector<std::string>> classes;

  std::string evaluate;  // checkpoint to evaluate instead of training
  std::string resume;    // checkpoint, or "auto"
  std::string out, device = "auto", gpu;
  int threads = 0;
  double cache_mib = 2048;
  RunOptions run;
  InitialWeightsOptions weights;
  double beta = 0;  // the reference's flag without effect
};

void add_train_options(CLI::App& app, TrainOptions& options);

// The settings of a run: `base` (a checkpoint's), or the recipe's and the defaults, with what was given on
// top. A run that goes on keeps the checkpoint's view; an evaluation may choose another.
Settings resolve_settings(const TrainOptions& options, const Settings* base);

}  // namespace poster

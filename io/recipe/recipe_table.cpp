// The settings of a recipe, in the order of its record.
#include "engine/optimizer.h"
#include "io/format/join.h"
#include "io/format/setting.h"
#include "io/recipe/recipe.h"

namespace poster::io {
namespace {

constexpr const char* kReference = "Flags of the reference";
constexpr SettingRange kShare{.low = 0, .high = 1};
constexpr SettingRange kPositive{.low = 0, .above_low = true};
constexpr int kWithLoss = 4;  // since POSTER V1's recipe

constexpr std::array<const char*, 2> kResizeNames = {"keep-ratio", "stretch"};

const char* resize_name(ResizeMode mode) { return kResizeNames[static_cast<std::size_t>(mode)]; }
ResizeMode resize_by_name(const std::string& name) {
  return name == kResizeNames[1] ? ResizeMode::stretch : ResizeMode::keep_ratio;
}

// Records and command lines may have it in any case.
std::string usual_optimizer_name(const std::string& name) { return optimizer_name(optimizer_kind(name)); }

SettingTable<Recipe> make_table() {
  using R = Recipe;
  SettingTable<R> table = {
      named_setting(
          &R::resize, resize_name, resize_by_name,
          {.key = "resize",
           .flag = "--resize",
           .help =
               "keep-ratio (short side to 224, padded and cropped about the centre) or stretch (recipe; with --view lower: stretch)",
           .choices = {kResizeNames.begin(), kResizeNames.end()}}),
      setting(&R::name,
              {.key = "name",
               .flag = "--recipe",
               .group = "Run",
               .help = "one of " + join(recipe_names()) + " (default: the model's, augmented or raf-db-v1)",
               .always_told = true}),
      setting(
          &R::size,
          {.key = "size",
           .flag = "--size",
           .help =
               "side of the square that images are brought to and augmented in, in pixels; networks reduce it to theirs (recipe: 224)",
           .range = {.low = 1, .high = 4096}}),
      setting(&R::flip_probability, {.key = "flip_probability",
                                     .flag = "--flip",
                                     .help = "probability of a horizontal flip",
                                     .range = kShare}),
      setting(&R::brightness, {.key = "brightness",
                               .flag = "--brightness",
                               .help = "colour jitter: factors from 1 - x to 1 + x",
                               .range = {.low = 0, .high = 10}}),
      setting(&R::contrast, {.key = "contrast",
                             .flag = "--contrast",
                             .help = "the same for contrast",
                             .range = {.low = 0, .high = 10}}),
      setting(&R::saturation, {.key = "saturation",
                               .flag = "--saturation",
                               .help = "the same for saturation",
                               .range = {.low = 0, .high = 10}}),
      setting(&R::hue, {.key = "hue",
                        .flag = "--hue",
                        .help = "shift of the hue from -x to x, of the circle",
                        .range = {.low = 0, .high = 0.5}}),
      setting(&R::rotation_degrees, {.key = "rotation_degrees",
                                     .flag = "--rotation",
                                     .help = "rotation from -x to x degrees",
                                     .range = {.low = 0, .high = 180}}),
      setting(&R::translation, {.key = "translation",
                                .flag = "--translation",
                                .help = "shift from -x to x of the side",
                                .range = kShare}),
      setting(&R::erase_probability, {.key = "erase_probability",
                                      .flag = "--erase",
                                      .help = "probability of random erasing",
                                      .range = kShare}),
      setting(&R::erase_area_min, {.key = "erase_area_min",
                                   .flag = "--erase-area-min",
                                   .help = "smallest erased share of the image",
                                   .range = kShare}),
      setting(&R::erase_area_max, {.key = "erase_area_max",
                                   .flag = "--erase-area-max",
                                   .help = "largest erased share",
                                   .range = {.low = 0, .high = 1, .not_below = "erase_area_min"}}),
      setting(&R::erase_aspect_min, {.key = "erase_aspect_min",
                                     .flag = "--erase-ratio-min",
                                     .help = "smallest height of the erased part, in widths (recipe: 0.3)",
                                     .range = {.low = 1e-3, .high = 1e3}}),
      setting(&R::erase_aspect_max, {.key = "erase_aspect_max",
                                     .flag = "--erase-ratio-max",
                                     .help = "largest height of the erased part, in widths (recipe: 3.3)",
                                     .range = {.low = 1e-3, .high = 1e3, .not_below = "erase_aspect_min"}}),
      setting(
          &R::balanced_sampler,
          {.key = "balanced_sampler", .flag = "--balanced", .help = "true: draw every class equally often"}),
      named_setting(&R::optimizer, [](const std::string& name) { return name; }, usual_optimizer_name,
                    {.key = "optimizer",
                     .flag = "--optimizer",
                     .group = kReference,
                     .help = "adam, adamw or sgd, inside SAM (recipe: adam)"}),
      setting(
          &R::learning_rate,
          {.key = "learning_rate",
           .flag = "--lr",
           .group = kReference,
           .help =
               "learning rate of the first epoch; falls by gamma each epoch (recipe: 3.5e-5; tiny models: 3e-4)",
           .range = kPositive,
           .on_resume = OnResume::recorded,
           .always_told = true}),
      setting(&R::gamma, {.key = "gamma",
                          .flag = "--gamma",
                          .help = "the learning rate's factor from one epoch to the next",
                          .range = kPositive,
                          .on_resume = OnResume::recorded}),
      setting(&R::rho, {.key = "rho",
                        .flag = "--rho",
                        .help = "radius of SAM's ascent; 0: plain steps, at half the cost",
                        .range = {.low = 0}}),
      setting(&R::epochs, {.key = "epochs",
                           .flag = "--epochs",
                           .group = kReference,
                           .help = "epochs to train in all (recipe: 200)",
                           .range = {.low = 1, .high = kMaxEpochs},
                           .on_resume = OnResume::said,
                           .always_told = true}),
      setting(&R::batch_size, {.key = "batch_size",
                               .flag = "--batch-size",
                               .short_flag = "-b",
                               .group = kReference,
                               .help = "images of one step (recipe: 64; tiny models: 8)",
                               .range = {.low = 1, .high = 1 << 20},
                               .on_resume = OnResume::recorded,
                               .always_told = true}),
      setting(
          &R::flip_or_noise_probability,
          {.key = "flip_or_noise_probability",
           .flag = "--flip-or-noise",
           .help =
               "probability that an image is flipped or gets noise before everything else, one or the other by chance",
           .range = kShare,
           .since = kWithLoss}),
      setting(&R::noise_deviation, {.key = "noise_deviation",
                                    .flag = "--noise-sigma",
                                    .help = "standard deviation of that noise, in levels of 0 to 255",
                                    .range = {.low = 0, .high = 255},
                                    .since = kWithLoss}),
      setting(&R::label_smoothing, {.key = "label_smoothing",
                                    .flag = "--label-smoothing",
                                    .help = "share of the target that goes to all classes alike",
                                    .range = kShare,
                                    .since = kWithLoss}),
      setting(&R::loss_weight, {.key = "loss_weight",
                                .flag = "--loss-weight",
                                .help = "factor of the loss",
                                .range = {.low = 1e-6, .high = 1e6},
                                .since = kWithLoss}),
  };
  for (Setting<R>& row : table)
    if (row.group.empty()) row.group = "Single settings of the recipe";
  return table;
}

}  // namespace

const SettingTable<Recipe>& Recipe::table() {
  static const SettingTable<Recipe> table = make_table();
  return table;
}

}  // namespace poster::io

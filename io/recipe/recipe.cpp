#include "io/recipe/recipe.h"

#include <cmath>

#include "engine/error.h"
#include "io/format/join.h"
#include "io/format/setting_record.h"

namespace poster::io {
namespace {

std::vector<Recipe> all_recipes() {
  Recipe augmented{.name = "augmented"};
  augmented.brightness = augmented.contrast = augmented.saturation = 0.2;
  augmented.hue = 0.1;
  augmented.rotation_degrees = 15;
  augmented.translation = 0.1;

  const Recipe plain{.name = "plain"};

  Recipe raf_db{.name = "raf-db"};
  raf_db.resize = ResizeMode::stretch;
  raf_db.batch_size = 144;

  Recipe affectnet = raf_db;
  affectnet.name = "affectnet";
  affectnet.erase_probability = 1;
  affectnet.erase_area_min = affectnet.erase_area_max = 0.05;
  affectnet.balanced_sampler = true;
  affectnet.learning_rate = 1e-6;

  Recipe raf_db_v1{.name = "raf-db-v1"};
  raf_db_v1.resize = ResizeMode::stretch;
  raf_db_v1.flip_or_noise_probability = 0.5;
  raf_db_v1.noise_deviation = std::sqrt(30.0);
  // 2 smoothed(0.2) + plain cross-entropy: both are linear in the target, so their sum is three times one
  // with two thirds of the smoothing.
  raf_db_v1.label_smoothing = 2 * 0.2 / 3;
  raf_db_v1.loss_weight = 3;
  raf_db_v1.learning_rate = 4e-5;
  raf_db_v1.epochs = 300;
  raf_db_v1.batch_size = 200;
  return {augmented, plain, raf_db, affectnet, raf_db_v1};
}

}  // namespace

std::vector<std::string> recipe_names() {
  std::vector<std::string> names;
  for (const Recipe& recipe : all_recipes()) names.push_back(recipe.name);
  return names;
}

Recipe recipe_by_name(const std::string& name) {
  for (Recipe& recipe : all_recipes())
    if (recipe.name == name) return recipe;
  throw Error("no recipe is called '" + name + "'; choose one of " + join(recipe_names()));
}

bool needs_unprepared(const Recipe& recipe) {
  return recipe.flip_or_noise_probability > 0 && recipe.noise_deviation > 0;
}

void check_recipe(const Recipe& recipe, const std::string& source) {
  try {
    check_settings(recipe);
  } catch (const Error& error) {
    throw Error(source + ": recipe '" + recipe.name + "': " + error.what());
  }
}

}  // namespace poster::io

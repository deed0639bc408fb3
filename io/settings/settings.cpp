#include "io/settings/settings.h"

#include <nlohmann/json.hpp>

#include "engine/error.h"
#include "io/format/quoted_name.h"
#include "io/settings/setting_rules.h"

namespace poster {
namespace {

using json = nlohmann::ordered_json;

// One list of the recipe's plain members serves both directions.
template <typename R, typename F>
void for_each_member(R& r, F&& f) {
  f("name", r.name);
  f("size", r.size);
  f("flip_probability", r.flip_probability);
  f("brightness", r.brightness);
  f("contrast", r.contrast);
  f("saturation", r.saturation);
  f("hue", r.hue);
  f("rotation_degrees", r.rotation_degrees);
  f("translation", r.translation);
  f("erase_probability", r.erase_probability);
  f("erase_area_min", r.erase_area_min);
  f("erase_area_max", r.erase_area_max);
  f("erase_aspect_min", r.erase_aspect_min);
  f("erase_aspect_max", r.erase_aspect_max);
  f("balanced_sampler", r.balanced_sampler);
  f("optimizer", r.optimizer);
  f("learning_rate", r.learning_rate);
  f("gamma", r.gamma);
  f("rho", r.rho);
  f("epochs", r.epochs);
  f("batch_size", r.batch_size);
}

// What recipes got later: older runs have none of it, and their defaults.
template <typename R, typename F>
void for_each_later_member(R& r, F&& f) {
  f("flip_or_noise_probability", r.flip_or_noise_probability);
  f("noise_deviation", r.noise_deviation);
  f("label_smoothing", r.label_smoothing);
  f("loss_weight", r.loss_weight);
}

}  // namespace

OptimizerOptions Settings::optimizer() const {
  return {.kind = optimizer_kind(recipe.optimizer),
          .weight_decay = weight_decay,
          .momentum = momentum,
          .rho = recipe.rho};
}

LossOptions Settings::loss() const {
  return {.smoothing = recipe.label_smoothing, .weight = recipe.loss_weight};
}

std::optional<std::vector<std::string>> classes_or_none(const Settings& settings) {
  if (settings.classes.empty()) return std::nullopt;
  return settings.classes;
}

json to_json(const Settings& s) {
  json recipe = {{"resize", s.recipe.resize == io::ResizeMode::stretch ? "stretch" : "keep-ratio"}};
  const auto write = [&](const char* key, const auto& value) { recipe[key] = value; };
  for_each_member(s.recipe, write);
  for_each_later_member(s.recipe, write);
  json settings = {{"data", s.data},
                   {"model", s.model},
                   {"recipe", recipe},
                   {"view", to_json(s.view)},
                   {"weight_decay", s.weight_decay},
                   {"momentum", s.momentum},
                   {"seed", s.seed},
                   {"freeze", freeze_name(s.freeze)},
                   {"precision", precision_name(s.precision)},
                   {"split", s.split},
                   {"drop_last", s.drop_last},
                   {"skip_bad", s.skip_bad},
                   {"classes", s.classes},
                   {"initial_weights", s.initial_weights}};
  // What few runs have is written for these alone, so that records of other versions stay comparable.
  if (s.flat_folders) settings["flat_folders"] = true;
  if (s.preparation) settings["preparation"] = io::to_json(*s.preparation);
  if (!s.changes.empty()) settings["changes"] = s.changes;
  return settings;
}

Settings settings_from_json(const json& j) {
  check_by_rules(setting_rules(), j);
  Settings s;
  const json& recipe = j.at("recipe");
  const std::string resize = recipe.at("resize");
  if (resize != "stretch" && resize != "keep-ratio")
    throw Error("resize is " + io::quoted_name(resize) + "; it must be stretch or keep-ratio");
  s.recipe.resize = resize == "stretch" ? io::ResizeMode::stretch : io::ResizeMode::keep_ratio;
  for_each_member(s.recipe, [&](const char* key, auto& value) { recipe.at(key).get_to(value); });
  for_each_later_member(s.recipe, [&](const char* key, auto& value) {
    if (recipe.contains(key)) recipe.at(key).get_to(value);
  });
  j.at("data").get_to(s.data);
  j.at("model").get_to(s.model);
  if (j.contains("view")) s.view = io::view_from_json(j.at("view"));  // older runs saw full faces
  if (j.contains("preparation")) s.preparation = io::preparation_from_json(j.at("preparation"));
  j.at("weight_decay").get_to(s.weight_decay);
  j.at("momentum").get_to(s.momentum);
  j.at("seed").get_to(s.seed);
  // Runs from before there was a choice have none.
  s.precision = precision_by_name(j.value("precision", std::string(precision_name(Precision::float32))));
  j.at("split").get_to(s.split);
  j.at("drop_last").get_to(s.drop_last);
  j.at("skip_bad").get_to(s.skip_bad);
  j.at("classes").get_to(s.classes);
  // Older runs had no choice.
  s.freeze = freeze_by_name(j.value("freeze", freeze_name(s.freeze)));
  s.initial_weights = j.value("initial_weights", s.initial_weights);
  s.flat_folders = j.value("flat_folders", false);
  s.changes = j.value("changes", s.changes);
  return s;
}

}  // namespace poster

#include "io/settings/settings.h"

#include <nlohmann/json.hpp>

#include "io/format/setting_record.h"

namespace poster {
using json = nlohmann::ordered_json;

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

json to_json(const Settings& settings) {
  json record;
  io::write_settings(settings, record);
  return record;
}

Settings settings_from_json(const json& record) { return io::read_settings<Settings>(record); }

}  // namespace poster

#include "model/ir50_names.h"

#include <algorithm>
#include <charconv>

namespace poster {
namespace {

constexpr int kFourthStageUnits = 3;
// IR50's own; one list of names doesn't tell where stages end.
constexpr int kUnits[] = {3, 4, 14};

}  // namespace

std::optional<Ir50Names::Unit> Ir50Names::parse(const std::string& name) {
  constexpr std::string_view kBody = "body";
  if (!name.starts_with(kBody)) return std::nullopt;
  Unit unit{0, 0, ""};
  std::size_t at = kBody.size();
  if (at < name.size() && name[at] >= '1' && name[at] <= '3') unit.stage = name[at++] - '0';
  if (at >= name.size() || name[at] != '.') return std::nullopt;
  const char* const begin = name.data() + at + 1;
  const auto [end, error] = std::from_chars(begin, name.data() + name.size(), unit.index);
  if (error != std::errc() || end == begin || end == name.data() + name.size() || *end != '.' ||
      unit.index < 0)
    return std::nullopt;
  unit.rest = end;
  return unit;
}

Ir50Names::Ir50Names(const ParameterTable& table, const std::string& prefix) {
  for (const ParameterSpec& spec : table.specs()) {
    if (!spec.name.starts_with(prefix)) continue;
    const auto unit = parse(spec.name.substr(prefix.size()));
    if (!unit) continue;
    if (unit->stage > 0) {
      staged_ = true;
      units_[unit->stage - 1] = std::max(units_[unit->stage - 1], unit->index + 1);
    }
  }
  if (!staged_) units_.assign(std::begin(kUnits), std::end(kUnits));
}

std::string Ir50Names::translate(const std::string& name) const {
  const auto unit = parse(name);
  if (!unit || staged_ == (unit->stage > 0)) return name;
  int index = unit->index;
  if (!staged_) {
    for (int stage = 1; stage < unit->stage; ++stage) index += units_[stage - 1];
    return "body." + std::to_string(index) + unit->rest;
  }
  for (int stage = 1; stage <= 3; ++stage) {
    if (index < units_[stage - 1])
      return "body" + std::to_string(stage) + "." + std::to_string(index) + unit->rest;
    index -= units_[stage - 1];
  }
  return name;
}

bool Ir50Names::is_fourth_stage(const std::string& name) const {
  const auto unit = parse(name);
  const int first = units_[0] + units_[1] + units_[2];
  return unit && unit->stage == 0 && unit->index >= first && unit->index < first + kFourthStageUnits;
}

}  // namespace poster

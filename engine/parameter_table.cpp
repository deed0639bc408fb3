#include "engine/parameter_table.h"

#include <cmath>

#include "engine/error.h"

namespace poster {

Initialiser Initialiser::default_for_fan_in(double fan_in) { return {Kind::uniform, 1 / std::sqrt(fan_in)}; }
Initialiser Initialiser::kaiming_normal(double fan_out) { return {Kind::normal, std::sqrt(2 / fan_out)}; }

std::int64_t ParameterSpec::count() const {
  std::int64_t n = 1;
  for (std::int64_t d : shape) n *= d;
  return n;
}

ParameterId ParameterTable::add(ParameterSpec spec) {
  for (const auto& other : specs_)
    if (other.name == spec.name) throw Error("parameter table: duplicate name " + spec.name);
  specs_.push_back(std::move(spec));
  return ParameterId(specs_.size() - 1);
}

}  // namespace poster

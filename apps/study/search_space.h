// Where a parameter search looks: the domain of each parameter, and the draws from it. Random search after
// Bergstra and Bengio, "Random search for hyper-parameter optimization", JMLR 13 (2012).
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "apps/study/json_fields.h"

namespace poster::study {

struct Parameter {
  enum class Domain {
    logarithmic,  // {"log": [low, high]}: its logarithm is uniform
    uniform,      // {"uniform": [low, high]}
    integer,      // {"integer": [low, high]}: each whole number alike
    choice,       // {"choice": [a, b, …]}: each alike
  };
  std::string name;  // an option of poster_train, without the dashes
  Domain domain = Domain::uniform;
  double low = 0, high = 0;
  std::vector<Json> choices = {};
};

// {"lr": {"log": [1e-5, 1e-3]}, …}. Throws Error, its message beginning with `where`.
std::vector<Parameter> read_parameters(const Json& json, const std::string& where);

// The value of one parameter in one trial: it depends on these three alone, so other parameters, more trials
// or threads change nothing. Numbers have four significant digits, and lie in [low, high].
Json draw(const Parameter& parameter, std::uint64_t seed, int trial);

}  // namespace poster::study

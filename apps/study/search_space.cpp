#include "apps/study/search_space.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>

#include "engine/error.h"
#include "engine/random.h"
#include "io/format/quoted_name.h"

namespace poster::study {
namespace {

constexpr double kMaxWhole = 1e9;

double rounded(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.4g", value);
  return std::strtod(text, nullptr);
}

void read_bounds(const Json& bounds, Parameter& parameter, const std::string& where) {
  if (!bounds.is_array() || bounds.size() != 2 || !bounds[0].is_number() || !bounds[1].is_number())
    throw Error(where + ": wants two numbers, [low, high]");
  parameter.low = bounds[0].get<double>();
  parameter.high = bounds[1].get<double>();
  if (!(parameter.low <= parameter.high)) throw Error(where + ": low must not be greater than high");
  if (parameter.domain == Parameter::Domain::logarithmic && !(parameter.low > 0))
    throw Error(where + ": low must be greater than 0 for \"log\"");
  const auto whole = [](double x) { return x == std::floor(x) && std::fabs(x) <= kMaxWhole; };
  if (parameter.domain == Parameter::Domain::integer && !(whole(parameter.low) && whole(parameter.high)))
    throw Error(where + ": \"integer\" wants whole numbers");
}

}  // namespace

std::vector<Parameter> read_parameters(const Json& json, const std::string& where) {
  if (!json.is_object() || json.empty())
    throw Error(where + ": must be an object with a parameter or more, {\"lr\": {\"log\": [1e-5, 1e-3]}}");
  std::vector<Parameter> parameters;
  for (const auto& [name, domain] : json.items()) {
    const std::string place = where + ": " + io::quoted_name(name);
    if (!domain.is_object() || domain.size() != 1)
      throw Error(place +
                  ": wants one of {\"log\": [low, high]}, {\"uniform\": [low, high]}, {\"integer\": [low, " +
                  "high]}, {\"choice\": [a, b, …]}");
    const std::string kind = domain.begin().key();
    const Json& value = domain.begin().value();
    Parameter parameter{.name = name};
    if (kind == "choice") {
      parameter.domain = Parameter::Domain::choice;
      if (!value.is_array() || value.empty()) throw Error(place + ": \"choice\" wants a list, [a, b, …]");
      parameter.choices.assign(value.begin(), value.end());
    } else {
      if (kind == "log")
        parameter.domain = Parameter::Domain::logarithmic;
      else if (kind == "uniform")
        parameter.domain = Parameter::Domain::uniform;
      else if (kind == "integer")
        parameter.domain = Parameter::Domain::integer;
      else
        throw Error(place + ": knows no domain " + io::quoted_name(kind) +
                    "; known are log, uniform, integer, choice");
      read_bounds(value, parameter, place);
    }
    parameters.push_back(std::move(parameter));
  }
  return parameters;
}

Json draw(const Parameter& p, std::uint64_t seed, int trial) {
  RandomStream stream(seed, RandomPurpose::search, static_cast<std::uint64_t>(trial), hash_name(p.name));
  switch (p.domain) {
    case Parameter::Domain::choice:
      return p.choices[stream.below(p.choices.size())];
    case Parameter::Domain::integer:
      return static_cast<std::int64_t>(p.low) +
             static_cast<std::int64_t>(stream.below(static_cast<std::uint64_t>(p.high - p.low) + 1));
    case Parameter::Domain::logarithmic:
      return std::clamp(rounded(std::exp(stream.uniform(std::log(p.low), std::log(p.high)))), p.low, p.high);
    case Parameter::Domain::uniform:
      break;
  }
  return std::clamp(rounded(stream.uniform(p.low, p.high)), p.low, p.high);
}

}  // namespace poster::study

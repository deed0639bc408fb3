#include "apps/study/json_fields.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "engine/error.h"
#include "io/format/join.h"
#include "io/format/quoted_name.h"

namespace poster::study {
namespace {

std::string range_text(const std::string& low, const std::string& high) { return low + " to " + high; }

}  // namespace

JsonFields::JsonFields(const Json& object, std::string where) : object_(object), where_(std::move(where)) {
  if (!object_.is_object()) throw Error(where_ + ": must be an object, {…}");
}

const Json* JsonFields::any_or_null(const std::string& key) {
  asked_.push_back(key);
  const auto found = object_.find(key);
  return found == object_.end() ? nullptr : &*found;
}

const Json& JsonFields::required(const std::string& key) {
  const Json* value = any_or_null(key);
  if (value == nullptr) throw Error(where_ + ": \"" + key + "\" is missing");
  return *value;
}

std::string JsonFields::text(const std::string& key) {
  const Json& value = required(key);
  if (!value.is_string()) throw Error(where_ + ": \"" + key + "\" must be a text in quotes");
  return value.get<std::string>();
}

std::string JsonFields::text_or(const std::string& key, const std::string& otherwise) {
  return object_.contains(key) ? text(key) : (asked_.push_back(key), otherwise);
}

double JsonFields::number(const std::string& key, double low, double high) {
  const Json& value = required(key);
  const double x = value.is_number() ? value.get<double>() : NAN;
  if (!(x >= low && x <= high))
    throw Error(where_ + ": \"" + key + "\" must be a number from " +
                range_text(Json(low).dump(), Json(high).dump()));
  return x;
}

std::int64_t JsonFields::integer(const std::string& key, std::int64_t low, std::int64_t high) {
  const Json& value = required(key);
  const bool fits = value.is_number_integer() &&
                    !(value.is_number_unsigned() && value.get<std::uint64_t>() > std::uint64_t{INT64_MAX});
  const std::int64_t x = fits ? value.get<std::int64_t>() : 0;
  if (!fits || x < low || x > high)
    throw Error(where_ + ": \"" + key + "\" must be a whole number from " +
                range_text(std::to_string(low), std::to_string(high)));
  return x;
}

std::int64_t JsonFields::integer_or(const std::string& key, std::int64_t low, std::int64_t high,
                                    std::int64_t otherwise) {
  return object_.contains(key) ? integer(key, low, high) : (asked_.push_back(key), otherwise);
}

bool JsonFields::boolean_or(const std::string& key, bool otherwise) {
  const Json* value = any_or_null(key);
  if (value == nullptr) return otherwise;
  if (!value->is_boolean()) throw Error(where_ + ": \"" + key + "\" must be true or false");
  return value->get<bool>();
}

const Json& JsonFields::object(const std::string& key) {
  const Json& value = required(key);
  if (!value.is_object()) throw Error(where_ + ": \"" + key + "\" must be an object, {…}");
  return value;
}

void JsonFields::finish() const {
  for (const auto& [key, value] : object_.items()) {
    if (std::find(asked_.begin(), asked_.end(), key) != asked_.end()) continue;
    throw Error(where_ + ": knows no key " + io::quoted_name(key) + "; known are " + io::join(asked_));
  }
}

}  // namespace poster::study

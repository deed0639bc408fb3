// Reading JSON objects whose keys are known: errors name the place and the key, and a key that nobody asked
// for is one of them.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

namespace poster::study {

using Json = nlohmann::ordered_json;

class JsonFields {
 public:
  // `where` begins each message; `object` must outlive this. Throws Error when it is no object.
  JsonFields(const Json& object, std::string where);

  // Each throws Error when the value is of another type or out of range; those without a default also when
  // there is none.
  std::string text(const std::string& key);
  std::string text_or(const std::string& key, const std::string& otherwise);
  double number(const std::string& key, double low, double high);
  std::int64_t integer(const std::string& key, std::int64_t low, std::int64_t high);
  std::int64_t integer_or(const std::string& key, std::int64_t low, std::int64_t high,
                          std::int64_t otherwise);
  bool boolean_or(const std::string& key, bool otherwise);
  const Json& object(const std::string& key);
  const Json* any_or_null(const std::string& key);  // of any type; null when there is none

  // Throws Error for a key that wasn't asked for, with those that were.
  void finish() const;
  const std::string& where() const { return where_; }

 private:
  const Json& required(const std::string& key);

  const Json& object_;
  std::string where_;
  std::vector<std::string> asked_;
};

}  // namespace poster::study

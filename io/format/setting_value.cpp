#include "io/format/setting_value.h"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <utility>

#include "engine/error.h"
#include "io/format/join.h"
#include "io/format/json.h"
#include "io/format/printable.h"

namespace poster::io {
namespace {

using json = nlohmann::ordered_json;

template <typename... F>
struct Cases : F... {
  using F::operator()...;
};
template <typename... F>
Cases(F...) -> Cases<F...>;

// Reads back as the same double also where it goes through a long double, as in CLI11: that rounds twice, and
// the shortest text may lie next to the middle between two doubles.
std::string number_text(double value) {
  char text[64];
  *std::to_chars(text, text + sizeof text, value).ptr = '\0';
  if (static_cast<double>(std::strtold(text, nullptr)) != value)
    std::snprintf(text, sizeof text, "%.17g", value);
  return text;
}

template <typename T>
bool holds(const json& value) {
  if (value.is_number_unsigned()) return std::in_range<T>(value.get<std::uint64_t>());
  return value.is_number_integer() && std::in_range<T>(value.get<std::int64_t>());
}

bool all(const json& list, bool (*fits)(const json&)) {
  return list.is_array() && std::all_of(list.begin(), list.end(), fits);
}

}  // namespace

std::string to_text(const SettingValue& value) {
  return std::visit(
      Cases{[](bool truth) { return std::string(truth ? "true" : "false"); },
            [](double number) { return number_text(number); }, [](const std::string& text) { return text; },
            [](const std::vector<std::string>& list) { return join(list, ","); },
            [](const Colour& colour) { return colour_text(colour); },
            [](const NestedRecord& record) { return record.json; },
            [](auto whole) { return std::to_string(whole); }},
      value);
}

json to_json(const SettingValue& value) {
  return std::visit(Cases{[](const NestedRecord& record) {
                            return record.json.empty() ? json() : parse_json<json>(record.json, "record");
                          },
                          [](const auto& plain) { return json(plain); }},
                    value);
}

SettingValue value_from_json(const json& j, const SettingValue& like) {
  return std::visit(Cases{[&](const NestedRecord&) -> SettingValue { return NestedRecord{j.dump()}; },
                          [&]<typename T>(const T&) -> SettingValue { return j.get<T>(); }},
                    like);
}

bool is_of_kind(const json& j, const SettingValue& like) {
  return std::visit(
      Cases{[&](bool) { return j.is_boolean(); }, [&](double) { return j.is_number(); },
            [&](const std::string&) { return j.is_string(); },
            [&](const std::vector<std::string>&) {
              return all(j, [](const json& each) { return each.is_string(); });
            },
            [&](const Colour&) { return j.size() == 3 && all(j, holds<std::uint8_t>); },
            [&](const NestedRecord&) { return j.is_object(); }, [&](auto) { return j.is_number_integer(); }},
      like);
}

const char* kind_name(const SettingValue& like) {
  return std::visit(
      Cases{[](bool) { return "true or false"; }, [](double) { return "a number"; },
            [](const std::string&) { return "a text"; },
            [](const std::vector<std::string>&) { return "a list of texts"; },
            [](const Colour&) { return "a list of three levels, 0 to 255"; },
            [](const NestedRecord&) { return "an object"; }, [](auto) { return "a whole number"; }},
      like);
}

std::string shown(const json& value) {
  constexpr std::size_t kMaxLength = 60;
  if (value.is_null()) return "none";
  if (value.is_number_float()) {  // NaN and infinity too
    char text[40];
    std::snprintf(text, sizeof text, "%.9g", value.get<double>());
    return text;
  }
  if (value.is_structured() && value.size() > 64) return "a list of " + std::to_string(value.size());
  const std::string text =
      printable(value.is_string() ? value.get<std::string>()
                                  : value.dump(-1, ' ', false, json::error_handler_t::replace));
  return text.size() <= kMaxLength ? text : text.substr(0, kMaxLength) + "…";
}

Colour parse_colour(const std::string& text) {
  const std::string digits = text.starts_with('#') ? text.substr(1) : text;
  if (digits.size() != 6 || digits.find_first_not_of("0123456789abcdefABCDEF") != std::string::npos)
    throw Error("'" + text + "' is no colour; give red, green and blue as six hex digits, as in #202020");
  const unsigned long value = std::stoul(digits, nullptr, 16);
  return {static_cast<std::uint8_t>(value >> 16), static_cast<std::uint8_t>(value >> 8 & 255),
          static_cast<std::uint8_t>(value & 255)};
}

std::string colour_text(const Colour& colour) {
  char text[8];
  std::snprintf(text, sizeof text, "#%02x%02x%02x", colour[0], colour[1], colour[2]);
  return text;
}

}  // namespace poster::io

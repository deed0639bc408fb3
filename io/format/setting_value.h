// The value of a setting (io/format/setting.h) as text and as JSON.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "io/format/setting.h"

namespace poster::io {

// As a command line has it: lists with commas, numbers so that they read back as the same double.
std::string to_text(const SettingValue& value);
nlohmann::ordered_json to_json(const SettingValue& value);
// Of the alternative of `like`, of which `json` is.
SettingValue value_from_json(const nlohmann::ordered_json& json, const SettingValue& like);

// Whether the JSON is of the alternative of `like`, and what it must be: "a whole number".
bool is_of_kind(const nlohmann::ordered_json& json, const SettingValue& like);
const char* kind_name(const SettingValue& like);
// For messages: short, on one line, whatever a file holds; "none" for null.
std::string shown(const nlohmann::ordered_json& json);

// "#1a2b3c" or "1a2b3c"; throws poster::Error.
Colour parse_colour(const std::string& text);
std::string colour_text(const Colour& colour);  // "#1a2b3c"

}  // namespace poster::io

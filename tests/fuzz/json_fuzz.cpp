// The one reader of JSON. What it accepts is no deeper than it promises, and the same again when it is
// written and read anew.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <nlohmann/json.hpp>

#include "engine/error.h"
#include "io/format/json.h"

namespace {

int depth(const nlohmann::ordered_json& json) {
  int deepest = 0;
  for (const auto& inner : json) deepest = std::max(deepest, inner.is_structured() ? depth(inner) : 0);
  return json.is_structured() ? deepest + 1 : 0;
}

template <typename Json>
Json read(std::string_view text) {
  return poster::io::parse_json<Json>(text, "f", "mend it");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  try {
    const auto json = read<nlohmann::ordered_json>(text);
    if (depth(json) > poster::io::kDeepestJson) std::abort();
    if (read<nlohmann::ordered_json>(json.dump()) != json) std::abort();
    if (read<nlohmann::json>(text) != nlohmann::json(json)) std::abort();
  } catch (const poster::Error& error) {
    if (std::strchr(error.what(), '\n') != nullptr || !std::strstr(error.what(), "f:")) std::abort();
  }
  return 0;
}

#include "io/format/quoted_name.h"

#include <nlohmann/json.hpp>

namespace poster::io {

std::string quoted_name(std::string_view name) {
  constexpr std::size_t kLongest = 100;
  using nlohmann::json;
  return json(std::string(name.substr(0, kLongest))).dump(-1, ' ', false, json::error_handler_t::replace) +
         (name.size() > kLongest ? "…" : "");
}

}  // namespace poster::io

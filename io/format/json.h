// The one reader of JSON: a limit on depth and size, no key twice in an object (the library would keep the
// last one silently), text through io/format/text.h, errors on one line with file, line and column.
#pragma once

#include <cstdint>
#include <exception>
#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

namespace poster::io {

constexpr int kDeepestJson = 64;                             // objects and arrays within each other
constexpr std::uint64_t kMaxJson = std::uint64_t{64} << 20;  // bytes of a file

// Json is nlohmann::json or nlohmann::ordered_json, which keeps the keys' order. Throws poster::Error,
// "NAME:LINE:COLUMN: …", to which `mend` is added behind "; ".
template <typename Json>
Json parse_json(std::string_view bytes, const std::string& name, const std::string& mend = "");

template <typename Json>
Json read_json(const std::filesystem::path& path, const std::string& mend = "",
               std::uint64_t most_bytes = kMaxJson);

// What a library's exception says (a member that is missing or of another type), on one line and without its
// numbers.
std::string describe_json_error(const std::exception& error);

extern template nlohmann::json parse_json(std::string_view, const std::string&, const std::string&);
extern template nlohmann::ordered_json parse_json(std::string_view, const std::string&, const std::string&);
extern template nlohmann::json read_json(const std::filesystem::path&, const std::string&, std::uint64_t);
extern template nlohmann::ordered_json read_json(const std::filesystem::path&, const std::string&,
                                                 std::uint64_t);

}  // namespace poster::io

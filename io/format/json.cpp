#include "io/format/json.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>
#include <vector>

#include "engine/error.h"
#include "io/format/input_file.h"
#include "io/format/printable.h"
#include "io/format/quoted_name.h"
#include "io/format/text.h"

namespace poster::io {
namespace {

constexpr std::size_t kLongestReason = 200;

// Line and column, both from 1, of a byte; columns count bytes.
std::string place_of(std::string_view text, std::size_t at) {
  const std::string_view before = text.substr(0, std::min(at, text.size()));
  const auto line = std::count(before.begin(), before.end(), '\n') + 1;
  const std::size_t start = before.rfind('\n') + 1;  // npos + 1 is 0
  return std::to_string(line) + ":" + std::to_string(before.size() - start + 1);
}

// Watches the library's parser: depth, and keys that occur twice. Thrown as JsonFault, because the parser
// only knows the place of syntax errors.
struct JsonFault {
  std::string what;
};

class Watch {
 public:
  template <typename Json>
  bool operator()(typename Json::parse_event_t event, Json& value) {
    using Event = typename Json::parse_event_t;
    if (event == Event::object_start || event == Event::array_start) {
      if (keys_.size() == static_cast<std::size_t>(kDeepestJson))
        throw JsonFault{"nested deeper than " + std::to_string(kDeepestJson) + " objects and arrays"};
      keys_.emplace_back();
    } else if (event == Event::object_end || event == Event::array_end) {
      keys_.pop_back();
    } else if (event == Event::key) {
      const auto& key = value.template get_ref<const std::string&>();
      if (!keys_.back().insert(key).second)
        throw JsonFault{"the key " + quoted_name(key) + " occurs twice in one object"};
    }
    return true;
  }

 private:
  std::vector<std::set<std::string>> keys_;  // of the objects that are open; arrays have none
};

std::string reason_of(const std::string& what) {
  // "[json.exception.parse_error.101] parse error at line 1, column 5: syntax error while parsing …"
  std::string reason = what;
  if (const auto end = reason.find("] "); reason.starts_with("[json.") && end != std::string::npos)
    reason.erase(0, end + 2);
  if (const auto end = reason.find(": "); reason.starts_with("parse error") && end != std::string::npos)
    reason.erase(0, end + 2);
  reason = printable(reason);
  if (reason.size() > kLongestReason) {
    std::size_t end = kLongestReason;
    while (end > 0 && (static_cast<unsigned char>(reason[end]) & 0xC0) == 0x80) --end;
    reason = reason.substr(0, end) + "…";
  }
  return reason;
}

// Where the parser is; it tells nobody, so the iterator that it reads through does.
struct Cursor {
  using iterator_category = std::input_iterator_tag;
  using value_type = char;
  using difference_type = std::ptrdiff_t;
  using pointer = const char*;
  using reference = const char&;
  const char* at;
  const char** furthest;
  reference operator*() const { return *at; }
  Cursor& operator++() {
    *furthest = ++at;
    return *this;
  }
  bool operator==(const Cursor& other) const { return at == other.at; }
};

}  // namespace

template <typename Json>
Json parse_json(std::string_view bytes, const std::string& name, const std::string& mend) {
  const std::string_view text = utf8_text(bytes, name);
  const std::string end = mend.empty() ? "" : "; " + mend;
  const char* furthest = text.data();
  Watch watch;
  try {
    return Json::parse(
        Cursor{text.data(), &furthest}, Cursor{text.data() + text.size(), &furthest},
        [&](int, typename Json::parse_event_t event, Json& value) { return watch(event, value); });
  } catch (const JsonFault& fault) {
    const auto at = static_cast<std::size_t>(furthest - text.data());
    throw Error(name + ":" + place_of(text, at == 0 ? 0 : at - 1) + ": not usable as JSON: " + fault.what +
                end);
  } catch (const typename Json::exception& error) {
    const auto at = static_cast<std::size_t>(furthest - text.data());
    throw Error(name + ":" + place_of(text, at == 0 ? 0 : at - 1) +
                ": not valid JSON: " + reason_of(error.what()) + end);
  }
}

template <typename Json>
Json read_json(const std::filesystem::path& path, const std::string& mend, std::uint64_t most_bytes) {
  return parse_json<Json>(read_file(path, most_bytes), path.string(), mend);
}

std::string describe_json_error(const std::exception& error) { return reason_of(error.what()); }

template nlohmann::json parse_json(std::string_view, const std::string&, const std::string&);
template nlohmann::ordered_json parse_json(std::string_view, const std::string&, const std::string&);
template nlohmann::json read_json(const std::filesystem::path&, const std::string&, std::uint64_t);
template nlohmann::ordered_json read_json(const std::filesystem::path&, const std::string&, std::uint64_t);

}  // namespace poster::io

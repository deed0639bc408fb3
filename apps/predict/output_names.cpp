#include "apps/predict/output_names.h"

#include <algorithm>
#include <string_view>
#include <system_error>

#include "engine/error.h"

namespace poster {
namespace {

namespace fs = std::filesystem;

// "../a/b.jpg" becomes "a_b".
std::string flat_name(const std::string& path) {
  std::string name;
  fs::path whole(path);
  whole.replace_extension();
  for (const fs::path& part : whole) {
    const std::string text = part.string();
    if (text == "." || text == ".." || text == "/" || text.empty()) continue;
    name += (name.empty() ? "" : "_") + text;
  }
  constexpr std::size_t kLongest = 150;  // of the 255 bytes that a file's name may have
  if (name.size() > kLongest) {
    name.erase(0, name.size() - kLongest);
    while (!name.empty() && (static_cast<unsigned char>(name.front()) & 0xC0) == 0x80)
      name.erase(0, 1);  // in a letter
  }
  return name.empty() ? "image" : name;
}

// Without `-face-3` or `-frame-000012` at its end.
bool cut_counter(std::string& name, std::string_view label) {
  const std::size_t digits = name.find_last_not_of("0123456789") + 1;
  if (digits == name.size() || !std::string_view(name).substr(0, digits).ends_with(label)) return false;
  name.erase(digits - label.size());
  return true;
}

// All names that a file of this name may stand for.
std::vector<std::string> stems_of(std::string name) {
  std::vector<std::string> stems = {name};
  if (cut_counter(name, "-face-")) stems.push_back(name);
  if (cut_counter(name, "-frame-")) stems.push_back(name);
  return stems;
}

}  // namespace

OutputNames::OutputNames(const std::vector<fs::path>& folders) {
  for (const fs::path& folder : folders) {
    if (folder.empty()) continue;
    std::error_code error;
    for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error))
      for (const std::string& stem : stems_of(it->path().stem().string())) earlier_.insert(stem);
    if (error)
      throw Error(folder.string() + ": cannot be listed (" + error.message() + "); check its permissions");
  }
}

std::string OutputNames::name_of(const std::string& path) {
  const std::string flat = flat_name(path);
  int& number = last_number_[flat];
  for (;;) {
    std::string name = flat + (++number > 1 ? "-" + std::to_string(number) : "");
    const auto stems = stems_of(name);
    const auto in = [&](const std::set<std::string>& names) {
      return std::ranges::any_of(stems, [&](const std::string& stem) { return names.contains(stem); });
    };
    const bool earlier = in(earlier_);
    met_earlier_ |= earlier;
    if (earlier || in(taken_)) continue;
    taken_.insert(stems.begin(), stems.end());
    return name;
  }
}

}  // namespace poster

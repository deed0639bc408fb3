#include "engine/weight_names.h"

#include <algorithm>
#include <cctype>
#include <map>
#include <tuple>

namespace poster {
namespace {

constexpr std::string_view kWrappers[] = {"module", "_orig_mod", "_forward_module", "_fsdp_wrapped_module",
                                          "_checkpoint_wrapped_module"};
// No network's names have more; a hostile file's are not looked at further.
constexpr int kMaxParts = 64;

bool is_wrapper(std::string_view part) {
  return std::find(std::begin(kWrappers), std::end(kWrappers), part) != std::end(kWrappers);
}

}  // namespace

std::string without_wrappers(std::string_view name) {
  std::string rest;
  for (std::size_t begin = 0; begin < name.size();) {
    const std::size_t dot = name.find('.', begin);
    const std::size_t end = dot == std::string_view::npos ? name.size() : dot + 1;
    // The last part is a tensor's own name, never a wrapper's.
    if (dot == std::string_view::npos || !is_wrapper(name.substr(begin, dot - begin)))
      rest += name.substr(begin, end - begin);
    begin = end;
  }
  return rest;
}

bool is_of_average(std::string_view name) {
  std::string word;
  const auto is_average = [&] {
    return word == "ema" || word == "averaged" || word == "average" || word == "avg" || word == "shadow" ||
           word == "swa";
  };
  for (const char c : name) {
    if (std::isalpha(static_cast<unsigned char>(c))) {
      word += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
      continue;
    }
    if (is_average()) return true;
    word.clear();
  }
  return is_average();
}

std::vector<NamePrefix> name_prefixes(const TensorSource& source,
                                      const std::function<bool(const std::string&)>& is_wanted) {
  std::map<std::string, std::size_t> counts;
  for (const TensorSource::Entry& entry : source.entries()) {
    const std::string_view name = entry.name;
    std::size_t begin = 0;
    for (int part = 0; part < kMaxParts && begin < name.size(); ++part) {
      const std::size_t dot = name.find('.', begin);
      // Wrappers in front belong to the prefix.
      if (dot == std::string_view::npos || !is_wrapper(name.substr(begin, dot - begin)))
        if (is_wanted(without_wrappers(name.substr(begin)))) ++counts[std::string(name.substr(0, begin))];
      if (dot == std::string_view::npos) break;
      begin = dot + 1;
    }
  }
  std::vector<NamePrefix> prefixes;
  prefixes.reserve(counts.size());
  for (const auto& [text, count] : counts) prefixes.push_back({text, count});
  std::sort(prefixes.begin(), prefixes.end(), [](const NamePrefix& a, const NamePrefix& b) {
    return std::tuple(b.count, is_of_average(a.text), a.text.size(), a.text) <
           std::tuple(a.count, is_of_average(b.text), b.text.size(), b.text);
  });
  return prefixes;
}

}  // namespace poster

#include "apps/program/command_words.h"

#include <CLI/CLI.hpp>
#include <algorithm>

namespace poster {

void parse_words(CLI::App& app, std::vector<std::string> words) {
  const auto options_end = std::find(words.begin(), words.end(), "--");
  const auto gives_nothing = [](const std::string& word) {
    return word.size() > 3 && word.starts_with("--") && word.find('=') == word.size() - 1;
  };
  std::vector<std::string> parted;
  for (auto word = words.begin(); word != words.end(); ++word) {
    if (word < options_end && gives_nothing(*word)) {
      word->pop_back();
      parted.insert(parted.end(), {std::move(*word), ""});
    } else {
      parted.push_back(std::move(*word));
    }
  }
  std::reverse(parted.begin(), parted.end());  // as the library takes them
  app.parse(std::move(parted));
}

}  // namespace poster

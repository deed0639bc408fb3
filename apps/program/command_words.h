// A command line's words.
#pragma once

#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace poster {

// Parses the words behind a program's name. "--option=" gives the option an empty value, as an empty word behind
// it does; the parser's library would take the next word for the value. Throws CLI::Error.
void parse_words(CLI::App& app, std::vector<std::string> words);

}  // namespace poster

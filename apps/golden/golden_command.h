// The command line of golden_check.
#pragma once

#include <string>

namespace CLI {
class App;
}

namespace poster {

struct GoldenCommand {
  std::string file, precision = "float", device = "auto";
  int threads = 0;
  bool no_sam = false;
};

void add_golden_options(CLI::App& app, GoldenCommand& command);

}  // namespace poster

// The command line of poster_checkpoint.
#pragma once

#include <string>

#include "apps/checkpoint/convert_checkpoint.h"

namespace CLI {
class App;
}

namespace poster {

struct CheckpointCommand {
  enum class Task { inspect, convert, export_, diff };
  Task task = Task::inspect;
  std::string file, other, to;
  bool as_json = false, values_only = false;
  double tolerance = 0;
  ConvertOptions convert;
};

void add_checkpoint_options(CLI::App& app, CheckpointCommand& command);

}  // namespace poster

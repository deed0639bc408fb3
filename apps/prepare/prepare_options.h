// The command line of poster_prepare.
#pragma once

#include "apps/common/view_options.h"
#include "io/prepare/prepare.h"

namespace CLI {
class App;
}

namespace poster {

struct PrepareCommand {
  prepare::PrepareOptions options;
  GivenView view;
  std::string ratios = "0.8,0.1,0.1";
};

void add_prepare_options(CLI::App& app, PrepareCommand& command);

// The options once all flags are known. Throws poster::Error for those that can't be met.
prepare::PrepareOptions prepare_options(const PrepareCommand& command);

}  // namespace poster

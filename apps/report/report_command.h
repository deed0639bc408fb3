// The command line of poster_report.
#pragma once

#include <string>
#include <vector>

#include "apps/report/report.h"

namespace CLI {
class App;
}

namespace poster {

struct ReportCommand {
  std::vector<std::string> runs;
  std::string html, markdown;
  ReportOptions report;
};

void add_report_options(CLI::App& app, ReportCommand& command);

}  // namespace poster

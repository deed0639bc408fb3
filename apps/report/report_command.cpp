#include "apps/report/report_command.h"

#include <CLI/CLI.hpp>

namespace poster {

void add_report_options(CLI::App& app, ReportCommand& o) {
  app.get_formatter()->column_width(32);
  app.add_option("RUN", o.runs, "folders of runs, as poster_train leaves them")->required();
  app.add_option("--out", o.html,
                 "HTML file (default: report.html in the run's folder; of several, in the folder in hand)");
  app.add_option("--markdown", o.markdown, "Markdown file (default: beside the HTML file, ending in .md)");
  app.add_option("--title", o.report.title, "the report's title (default: made from the runs' names)");
  app.add_option("--worst", o.report.worst, "mistakes shown of each run; 0: none")
      ->check(CLI::Range(0, 1000))
      ->capture_default_str();
  app.add_option("--data", o.report.data,
                 "where the images lie now (default: where they lay when they were evaluated)");
}

}  // namespace poster

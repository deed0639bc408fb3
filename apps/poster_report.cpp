// Reports on runs; see --help.
#include <nlohmann/json.hpp>

#include "apps/program/program.h"
#include "apps/report/report.h"

namespace {

using namespace poster;
namespace fs = std::filesystem;

constexpr const char* kDescription =
    "Reports on one run of poster_train, or compares several: results, curves, confusion matrices, worst "
    "mistakes,\n"
    "settings, and how to run it again.\n\n"
    "  poster_report runs/X                                 runs/X/report.html and report.md\n"
    "  poster_report runs/A runs/B --out compared.html      and compared.md\n\n"
    "The HTML file holds everything, pictures too, and needs no network. The Markdown file has its pictures "
    "beside it,\n"
    "in NAME_files.";

struct Options {
  std::vector<std::string> runs;
  std::string html, markdown;
  ReportOptions report;
};

void add_options(CLI::App& app, Options& o) {
  app.add_option("RUN", o.runs, "folders of runs, as poster_train leaves them")->required();
  app.add_option("--out", o.html,
                 "HTML file (default: report.html in the run's folder; of several, in the folder in hand)");
  app.add_option("--markdown", o.markdown, "Markdown file (default: beside the HTML file, ending in .md)");
  app.add_option("--title", o.report.title, "the report's title (default: made from the runs' names)");
  app.add_option("--worst", o.report.worst, "mistakes shown of each run; 0: none")
      ->check(CLI::Range(0, 1000))
      ->capture_default_str();
  app.add_option("--data", o.report.data,
                 "where the pictures lie now (default: where they lay when they were evaluated)");
}

int run(Program& program) {
  CLI::App& app = program.options();
  app.get_formatter()->column_width(32);
  Options options;
  add_options(app, options);
  program.parse();
  fs::path html = options.html, markdown = options.markdown;
  if (html.empty())
    html = options.runs.size() == 1 ? fs::path(options.runs[0]) / "report.html" : "report.html";
  if (markdown.empty()) markdown = fs::path(html).replace_extension(".md");
  program.begin("reporting to", html.native());
  write_report({options.runs.begin(), options.runs.end()}, html, markdown, options.report);
  say("Written: " + html.string() + ", " + markdown.string());
  return 0;
}

}  // namespace

int main(int argc, char** argv) { return run_program({"poster_report", kDescription}, argc, argv, run); }

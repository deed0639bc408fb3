// Reports on runs; see --help.
#include <filesystem>

#include "apps/program/program.h"
#include "apps/report/report_command.h"

namespace {

using namespace poster;
namespace fs = std::filesystem;

constexpr const char* kDescription =
    "Reports on one run of poster_train, or compares several: results, curves, confusion matrices, worst mistakes,\n"
    "settings, and how to run it again.\n\n"
    "  poster_report runs/X                                 runs/X/report.html and report.md\n"
    "  poster_report runs/A runs/B --out compared.html      and compared.md\n\n"
    "The HTML file holds everything, images too, and needs no network. The Markdown file has its images beside it,\n"
    "in NAME_files.";

int run(Program& program) {
  ReportCommand options;
  add_report_options(program.options(), options);
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

#include "apps/report/report.h"

#include "apps/report/html.h"
#include "apps/report/markdown.h"
#include "apps/report/sections.h"
#include "engine/error.h"
#include "io/format/atomic_file.h"

namespace poster {
namespace {

namespace fs = std::filesystem;

Document report_on(const std::vector<RunRecord>& runs, const ReportOptions& options) {
  Document document{options.title};
  if (options.title.empty())
    document.title =
        runs.size() == 1 ? "Run " + runs[0].name : std::to_string(runs.size()) + " runs compared";
  add_overview(document, runs);
  add_curves(document, runs);
  add_evaluations(document, runs, options);
  add_settings(document, runs);
  add_environment(document, runs);
  add_commands(document, runs);
  return document;
}

void make_folder(const fs::path& folder) {
  std::error_code error;
  if (!folder.empty()) fs::create_directories(folder, error);
  if (error)
    throw Error(folder.string() + ": the folder can't be made (" + error.message() + "); choose another");
}

void write_markdown(const Document& document, const fs::path& path) {
  fs::path folder = path.stem();
  folder += "_files";
  const Markdown markdown = markdown_of(document, folder.string());
  const fs::path beside = path.parent_path() / folder;
  make_folder(markdown.files.empty() ? path.parent_path() : beside);
  for (const auto& [name, bytes] : markdown.files) io::write_file_atomically(beside / name, bytes);
  io::write_file_atomically(path, markdown.text);
}

}  // namespace

void write_report(const std::vector<fs::path>& runs, const fs::path& html, const fs::path& markdown,
                  const ReportOptions& options) {
  if (runs.empty()) throw Error("RUN: give the folder of one run or more");
  if (!html.empty() && html.lexically_normal() == markdown.lexically_normal())
    throw Error(html.string() + ": can't be the HTML and the Markdown file at once; give two names");
  const Document document = report_on(read_runs(runs), options);
  if (!markdown.empty()) write_markdown(document, markdown);
  if (html.empty()) return;
  make_folder(html.parent_path());
  io::write_file_atomically(html, html_of(document));
}

}  // namespace poster

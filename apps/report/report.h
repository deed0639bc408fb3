// A report on one or several runs: one HTML file that needs nothing else, and the same as Markdown.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace poster {

struct ReportOptions {
  std::string title = "";  // empty: made from the runs' names
  int worst = 24;          // mistakes shown of each run, the most certain first
  // Where the images lie now; empty: where they lay when they were evaluated.
  std::string data = "";
};

// `runs` are folders that poster_train left. A run that stopped, still runs or lacks an evaluation is
// reported as such, and so is an image that is gone. Either path may be empty: then that file isn't written.
// Images of the Markdown file go into a folder beside it, NAME_files. The same runs give the same bytes.
// Each file is written atomically. Throws Error for a folder that isn't a run's and for damaged files in it.
void write_report(const std::vector<std::filesystem::path>& runs, const std::filesystem::path& html,
                  const std::filesystem::path& markdown, const ReportOptions& options);

}  // namespace poster

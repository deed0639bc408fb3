#include "apps/report/sections.h"
#include "apps/train/train_arguments.h"
#include "engine/error.h"
#include "io/format/shell_line.h"

namespace poster {
namespace {

void add_command(Document& document, const RunRecord& run) {
  std::vector<std::string> words{"poster_train"};
  try {
    for (std::string& word : train_arguments(run.settings)) words.push_back(std::move(word));
  } catch (const Error& error) {
    document.add(Paragraph{"There is no command line for it: " + std::string(error.what()) +
                               ". Resuming \"last\" still goes on with its settings.",
                           Tone::warning});
    return;
  }
  words.insert(words.end(), {"--out", run.folder.string() + "-again"});
  document.add(Code{io::shell_line(words)});
}

void add_weights(Document& document, const RunRecord& run) {
  const auto& files = run.settings.initial_weights;
  if (files.empty()) {
    document.add(Paragraph{"It began with random weights, drawn from the seed."});
    return;
  }
  bool whole = false;
  Table table{
      .columns = {"It began with: part, tensors loaded, file, checksum"}, .rows = {}, .numbers = false};
  for (const std::string& file : files) {
    table.rows.push_back({file});
    whole = whole || file.starts_with("network ");
  }
  document.add(std::move(table));
  document.add(Paragraph{
      std::string(
          "Give the files with the folder in which they lie; the checksum tells whether they are the same.") +
      (whole ? " Where the run had --new-head, its settings don't say so: add it." : "")});
}

}  // namespace

void add_commands(Document& document, const std::vector<RunRecord>& runs) {
  document.add(Heading{2, "Run it again"});
  document.add(Paragraph{"The same command on the same data, device and version gives the same bits."});
  for (const RunRecord& run : runs) {
    if (runs.size() > 1) document.add(Heading{3, run.name});
    add_command(document, run);
    add_weights(document, run);
  }
}

}  // namespace poster

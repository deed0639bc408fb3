#include <algorithm>
#include <filesystem>

#include "apps/report/mistakes.h"
#include "apps/report/numbers.h"
#include "apps/report/sections.h"
#include "io/plot/confusion.h"

namespace poster {
namespace {

constexpr std::size_t kMaxPairs = 8;

Table scores_table(const io::ConfusionMatrix& confusion) {
  Table table{.columns = {"Class", "Precision", "Recall", "F1", "Images"}, .rows = {}};
  for (const io::ClassMetrics& one : confusion.per_class())
    table.rows.push_back({one.name, fixed(one.precision, 4), fixed(one.recall, 4), fixed(one.f1, 4),
                          std::to_string(one.support)});
  table.rows.push_back(
      {"Macro F1", "", "", fixed(confusion.macro_f1(), 4), std::to_string(confusion.total())});
  table.marked.assign(table.rows.size(), false);
  table.marked.back() = true;
  return table;
}

Table counts_table(const io::ConfusionMatrix& confusion) {
  Table table{.columns = {"Label \\ prediction"}, .rows = {}};
  for (int output = 0; output < confusion.outputs(); ++output)
    table.columns.push_back(confusion.output_name(output));
  for (int label = 0; label < confusion.classes(); ++label) {
    table.rows.push_back({confusion.class_names()[static_cast<std::size_t>(label)]});
    for (int output = 0; output < confusion.outputs(); ++output)
      table.rows.back().push_back(std::to_string(confusion.count(label, output)));
  }
  return table;
}

// The most confused first; of equals, in the order of the classes.
Table pairs_table(const io::ConfusionMatrix& confusion) {
  struct Pair {
    int label, output;
  };
  std::vector<Pair> pairs;
  for (int label = 0; label < confusion.classes(); ++label)
    for (int output = 0; output < confusion.outputs(); ++output)
      if (label != output && confusion.count(label, output) > 0) pairs.push_back({label, output});
  std::stable_sort(pairs.begin(), pairs.end(), [&](const Pair& a, const Pair& b) {
    return confusion.count(a.label, a.output) > confusion.count(b.label, b.output);
  });
  if (pairs.size() > kMaxPairs) pairs.resize(kMaxPairs);
  Table table{.columns = {"Most confused", "Images", "Of the label's"}, .rows = {}};
  for (const Pair& pair : pairs)
    table.rows.push_back({confusion.class_names()[static_cast<std::size_t>(pair.label)] + " taken for " +
                              confusion.output_name(pair.output),
                          std::to_string(confusion.count(pair.label, pair.output)),
                          fixed(100 * confusion.row_share(pair.label, pair.output), 1, " %")});
  return table;
}

std::string why(const EvaluationRecord& evaluation) {
  return evaluation.why_not_own.empty() ? "its file says " + evaluation.of : evaluation.why_not_own;
}

// Which images a figure is from.
std::string data_of(const EvaluationRecord& evaluation) {
  return (std::filesystem::path(evaluation.data) / evaluation.split).string() + " (" +
         plural(evaluation.confusion.total(), "image") + ", listing " +
         (evaluation.listing_hash.empty() ? "unknown" : evaluation.listing_hash) + ")";
}

std::string plot_name(std::size_t run, const EvaluationRecord& evaluation) {
  return "run-" + std::to_string(run + 1) + "-confusion-" + evaluation.state + "-" + evaluation.split +
         evaluation.of;
}

std::vector<Block> evaluation_blocks(const RunRecord& run, std::size_t number,
                                     const EvaluationRecord& evaluation) {
  const io::ConfusionMatrix& confusion = evaluation.confusion;
  std::vector<Block> blocks;
  blocks.emplace_back(Paragraph{"Accuracy " + percent(confusion.accuracy()) + ", macro F1 " +
                                fixed(confusion.macro_f1(), 4) + ", loss " + fixed(evaluation.loss, 4) +
                                ", " + plural(confusion.total(), "image") + "."});
  blocks.emplace_back(Paragraph{"Of " + data_of(evaluation) + ", view " + describe(evaluation.view) + "."});
  if (!evaluation.own)
    blocks.emplace_back(Paragraph{"Not the run's own result: " + why(evaluation) + ".", Tone::warning});
  if (!evaluation.renaming.empty()) {
    blocks.emplace_back(Paragraph{"The classes seem to be mixed up.", Tone::warning});
    blocks.emplace_back(Code{evaluation.renaming});
  }
  blocks.emplace_back(Figure{plot_name(number, evaluation),
                             io::confusion_plot(run.name + ", " + title_of(evaluation), confusion),
                             "Confusion matrix of " + run.name + ", " + title_of(evaluation)});
  blocks.emplace_back(Fold{"The counts as a table", {counts_table(confusion)}});
  blocks.emplace_back(scores_table(confusion));
  Table pairs = pairs_table(confusion);
  if (!pairs.rows.empty()) blocks.emplace_back(std::move(pairs));
  return blocks;
}

// What was evaluated elsewhere, or seen otherwise: told, and kept apart from the run's own accuracy.
void add_others(Document& document, const RunRecord& run, std::size_t number, bool several) {
  Table table{.columns = {"Evaluation", "Accuracy", "Images of", "Why it isn't the run's own"},
              .rows = {},
              .numbers = false};
  std::vector<Block> folds;
  for (const EvaluationRecord& other : run.evaluations) {
    if (other.own) continue;
    table.rows.push_back({title_of(other), percent(other.confusion.accuracy()), data_of(other), why(other)});
    folds.emplace_back(Fold{title_of(other) + ", " + data_of(other), evaluation_blocks(run, number, other)});
  }
  if (table.rows.empty()) return;
  document.add(
      Heading{3, (several ? run.name + ": on" : "On") + std::string(" other images, or seen otherwise")});
  document.add(std::move(table));
  for (Block& fold : folds) document.add(std::move(fold));
}

// F1 of each class, of each run's main evaluation.
void add_comparison(Document& document, const std::vector<RunRecord>& runs) {
  Table table{.columns = {"F1"}, .rows = {}};
  std::vector<std::string> classes;
  for (const RunRecord& run : runs) {
    const EvaluationRecord* evaluation = run.main_evaluation();
    table.columns.push_back(run.name + (evaluation ? ": " + title_of(*evaluation) : ""));
    if (!evaluation) continue;
    for (const std::string& name : evaluation->confusion.class_names())
      if (std::find(classes.begin(), classes.end(), name) == classes.end()) classes.push_back(name);
  }
  for (const std::string& name : classes) {
    table.rows.push_back({name});
    for (const RunRecord& run : runs) {
      std::string text = kNone;
      if (const EvaluationRecord* evaluation = run.main_evaluation())
        for (const io::ClassMetrics& one : evaluation->confusion.per_class())
          if (one.name == name) text = fixed(one.f1, 4);
      table.rows.back().push_back(text);
    }
  }
  if (table.rows.empty()) return;
  document.add(Heading{3, "Classes compared"});
  document.add(std::move(table));
}

}  // namespace

std::string title_of(const EvaluationRecord& evaluation) {
  return evaluation.state + " on " + evaluation.split +
         (evaluation.epoch < 0 ? "" : " (epoch " + std::to_string(evaluation.epoch) + ")");
}

void add_evaluations(Document& document, const std::vector<RunRecord>& runs, const ReportOptions& options) {
  document.add(Heading{2, "Evaluations"});
  if (runs.size() > 1) add_comparison(document, runs);
  for (std::size_t i = 0; i < runs.size(); ++i) {
    const RunRecord& run = runs[i];
    const EvaluationRecord* main = run.main_evaluation();
    if (main == nullptr) {
      document.add(Paragraph{run.name + ": nothing has been evaluated yet" +
                                 (run.evaluations.empty() ? "." : " of the run's own images."),
                             Tone::warning});
      add_others(document, run, i, runs.size() > 1);
      continue;
    }
    document.add(Heading{3, (runs.size() > 1 ? run.name + ": " : "") + title_of(*main)});
    for (Block& block : evaluation_blocks(run, i, *main)) document.add(std::move(block));
    add_mistakes(document, run, i, *main, options);
    for (const EvaluationRecord& other : run.evaluations)
      if (&other != main && other.own)
        document.add(Fold{(runs.size() > 1 ? run.name + ": " : "") + title_of(other) + ", accuracy " +
                              percent(other.confusion.accuracy()),
                          evaluation_blocks(run, i, other)});
    add_others(document, run, i, runs.size() > 1);
  }
}

}  // namespace poster

#include <algorithm>
#include <functional>

#include "apps/report/numbers.h"
#include "apps/report/sections.h"
#include "apps/train/train_arguments.h"
#include "io/format/shell_line.h"
#include "io/run/run_state.h"

namespace poster {
namespace {

constexpr std::size_t kMaxColumns = 5;  // more runs are rows

struct Fact {
  std::string name;
  std::function<std::string(const RunRecord&)> value;
};

double median_speed(const RunRecord& run) {
  std::vector<double> speeds;
  for (const io::EpochMetrics& epoch : run.epochs)
    if (std::isfinite(epoch.images_per_second)) speeds.push_back(epoch.images_per_second);
  if (speeds.empty()) return NAN;
  std::nth_element(speeds.begin(), speeds.begin() + std::ssize(speeds) / 2, speeds.end());
  return speeds[speeds.size() / 2];
}

double total_seconds(const RunRecord& run) {
  double sum = 0;
  for (const io::EpochMetrics& epoch : run.epochs) sum += epoch.seconds;
  return run.epochs.empty() ? NAN : sum;
}

std::vector<Fact> facts() {
  std::vector<Fact> list = {
      {"State", [](const RunRecord& r) { return r.state; }},
      {"Model", [](const RunRecord& r) { return r.settings.model; }},
      {"Recipe", [](const RunRecord& r) { return r.settings.recipe.name; }},
      {"Seed", [](const RunRecord& r) { return std::to_string(r.settings.seed); }},
      {"Epochs done",
       [](const RunRecord& r) {
         return std::to_string(r.epochs_done) + " of " + std::to_string(r.settings.recipe.epochs);
       }},
      {"Best epoch on valid",
       [](const RunRecord& r) { return r.best_epoch < 0 ? kNone : std::to_string(r.best_epoch); }},
  };
  for (const char* split : {"valid", "test"})
    for (const char* state : {"best", "last"}) {
      const std::string of = std::string(split) + ", " + state;
      const auto evaluation = [=](const RunRecord& r) { return r.evaluation(state, split); };
      list.push_back({"Accuracy on " + of, [=](const RunRecord& r) {
                        const auto* e = evaluation(r);
                        return e ? percent(e->confusion.accuracy()) : kNone;
                      }});
      list.push_back({"Macro F1 on " + of, [=](const RunRecord& r) {
                        const auto* e = evaluation(r);
                        return e ? fixed(e->confusion.macro_f1(), 4) : kNone;
                      }});
    }
  list.push_back({"Images/s, median epoch", [](const RunRecord& r) { return fixed(median_speed(r), 1); }});
  list.push_back({"Time in training steps", [](const RunRecord& r) { return duration(total_seconds(r)); }});
  return list;
}

Table transposed(const Table& table) {
  Table result{.columns = {table.columns[0]}, .rows = {}};
  for (const auto& row : table.rows) result.columns.push_back(row[0]);
  for (std::size_t column = 1; column < table.columns.size(); ++column) {
    result.rows.push_back({table.columns[column]});
    for (const auto& row : table.rows) result.rows.back().push_back(row[column]);
  }
  return result;
}

// What isn't as it should be.
void add_notes(Document& document, const RunRecord& run) {
  const auto note = [&](const std::string& text, Tone tone) {
    document.add(Paragraph{run.name + ": " + text, tone});
  };
  const std::string done =
      std::to_string(run.epochs_done) + " of " + plural(run.settings.recipe.epochs, "epoch");
  const std::string go_on = "; it goes on with: " + io::shell_line({"poster_train", "--resume", "auto",
                                                                    "--out", run.folder.string()});
  if (run.state == run_states::kStopped) note("was stopped after " + done + go_on, Tone::warning);
  if (run.state == run_states::kRunning) note("is at work, after " + done, Tone::warning);
  if (run.state == run_states::kInterrupted)
    note("was interrupted (killed, or the machine stopped) after " + done + go_on, Tone::warning);
  if (run.state == run_states::kDiverged || run.state == run_states::kFailed)
    note((run.state == run_states::kDiverged ? "diverged" : "failed") + std::string(" after ") + done +
             (run.message.empty() ? "" : ": " + run.message),
         Tone::warning);
  for (const auto& [split, line] : run.left_out) note(split + ": " + line, Tone::note);
  for (const std::string& change : run.settings.changes) note("changed in mid-run: " + change, Tone::warning);
  for (const EvaluationRecord& other : run.evaluations)
    if (!other.own) {
      note("has been evaluated on other images, or seen otherwise, too; see Evaluations", Tone::note);
      break;
    }
  if (run.epochs.empty())
    note("no epoch has ended yet, or metrics.csv is gone; there are no curves", Tone::warning);
  else if (run.epochs.front().epoch > 0)
    note("its metrics.csv begins at epoch " + std::to_string(run.epochs.front().epoch) +
             ": it went on from another run's checkpoint, or was given --start-epoch",
         Tone::note);
  for (const char* state : {"best", "last"})
    for (const char* split : {"valid", "test"}) {
      if (run.evaluation(state, split) != nullptr) continue;
      const std::string checkpoint = (run.folder / (std::string(state) + ".safetensors")).string();
      note(std::string(state) + " has no evaluation on " + split + "; this makes it: " +
               io::shell_line(
                   {"poster_train", "--data", run.settings.data, "--evaluate", checkpoint, "--split", split}),
           Tone::note);
    }
}

std::string place_of(const EvaluationRecord& evaluation) {
  return evaluation.data + "/" + evaluation.split + ", " + plural(evaluation.confusion.total(), "image") +
         ", listing " + (evaluation.listing_hash.empty() ? "unknown" : evaluation.listing_hash) + ", view " +
         describe(evaluation.view);
}

// Figures of different images, or of other views of them, say nothing about the runs.
void warn_of_different_data(Document& document, const std::vector<RunRecord>& runs) {
  for (const char* split : {"valid", "test"}) {
    const EvaluationRecord* first = nullptr;
    const RunRecord* first_run = nullptr;
    for (const RunRecord& run : runs) {
      const EvaluationRecord* own = run.evaluation("best", split);
      if (own == nullptr) own = run.evaluation("last", split);
      if (own == nullptr) continue;
      if (first == nullptr) {
        first = own;
        first_run = &run;
        continue;
      }
      std::string differs;
      if (own->listing_hash != first->listing_hash || own->confusion.total() != first->confusion.total() ||
          (own->listing_hash.empty() && own->data != first->data))
        differs = "on other images";
      if (!io::same_look(own->view, first->view))
        differs += (differs.empty() ? "" : " and ") + std::string("through another view");
      if (own->confusion.class_names() != first->confusion.class_names())
        differs += (differs.empty() ? "" : " and ") + std::string("with other classes");
      if (!differs.empty())
        document.add(Paragraph{"The figures on " + std::string(split) + " of " + run.name + " and " +
                                   first_run->name + " don't compare: " + run.name + " was evaluated " +
                                   differs + " (" + place_of(*own) + "; " + place_of(*first) + ").",
                               Tone::warning});
    }
  }
}

}  // namespace

void add_overview(Document& document, const std::vector<RunRecord>& runs) {
  document.add(Heading{2, "Overview"});
  Table table{.columns = {runs.size() > kMaxColumns ? "Run" : ""}, .rows = {}};
  for (const RunRecord& run : runs) table.columns.push_back(run.name);
  for (const Fact& fact : facts()) {
    table.rows.push_back({fact.name});
    for (const RunRecord& run : runs) table.rows.back().push_back(fact.value(run));
  }
  document.add(runs.size() > kMaxColumns ? transposed(table) : table);
  document.add(Paragraph{
      "Epochs count from 0. \"best\" is the state with the highest accuracy on valid, the first of equals; "
      "test has no part in choosing it."});
  warn_of_different_data(document, runs);
  for (const RunRecord& run : runs) add_notes(document, run);
}

}  // namespace poster

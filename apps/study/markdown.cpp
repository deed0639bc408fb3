// study.md.
#include <algorithm>
#include <cmath>
#include <cstdio>

#include "apps/study/tables.h"

namespace poster::study {
namespace {

std::string fixed(double value, const char* format) {
  if (std::isnan(value)) return "–";
  char text[64];
  std::snprintf(text, sizeof text, format, value);
  return text;
}

std::string percent(double value) { return fixed(value, "%.2f"); }

// "81.40 ± 0.52", without a deviation where there is one run.
std::string text_of(const Summary& summary, const char* format) {
  if (summary.count == 0) return "–";
  const std::string mean = fixed(summary.mean, format);
  return summary.count == 1 ? mean : mean + " ± " + fixed(summary.deviation, format);
}

// Text from a file in a table's cell.
std::string cell(const std::string& text) {
  std::string safe;
  for (const char c : text) {
    if (c == '|') safe += '\\';
    safe += c == '\n' || c == '\r' ? ' ' : c;
  }
  return safe;
}

std::string row(const std::vector<std::string>& cells) {
  std::string text = "|";
  for (const std::string& each : cells) text += " " + each + " |";
  return text + "\n";
}

std::string header(const std::vector<std::string>& cells) {
  std::string text = row(cells) + "|";
  for (std::size_t i = 0; i < cells.size(); ++i) text += i == 0 ? "---|" : "---:|";
  return text + "\n";
}

std::string runs_text(const ExperimentResult& result) {
  const auto diverged = std::count_if(result.seeds.begin(), result.seeds.end(),
                                      [](const SeedResult& s) { return s.state == State::diverged; });
  std::string text = std::to_string(result.done());
  if (result.done() < result.seeds.size()) text += " of " + std::to_string(result.seeds.size());
  if (diverged > 0) text += ", " + std::to_string(diverged) + " diverged";
  return text;
}

bool any_claim(const std::vector<ExperimentResult>& results) {
  return std::any_of(results.begin(), results.end(),
                     [](const ExperimentResult& r) { return r.planned->experiment->claim.has_value(); });
}

std::string accuracy_table(const std::vector<ExperimentResult>& results) {
  std::vector<std::string> cells = {
      "experiment", "runs", "best epoch, valid", "best epoch, test", "last epoch, valid", "last epoch, test"};
  const bool with_claims = any_claim(results);
  if (with_claims) cells.insert(cells.end(), {"claim", "claim − ours, valid", "claim − ours, test"});
  std::string text = header(cells);
  for (const ExperimentResult& result : results) {
    const Experiment& e = *result.planned->experiment;
    cells = {e.name, runs_text(result)};
    for (int state = 0; state < kStates; ++state)
      for (int split = 0; split < kSplits; ++split)
        cells.push_back(text_of(result.accuracy(state, split), "%.2f"));
    if (with_claims) {
      const double claim = e.claim ? e.claim->accuracy : NAN;
      cells.push_back(percent(claim));
      for (int split = 0; split < kSplits; ++split)
        cells.push_back(fixed(claim - result.accuracy(0, split).mean, "%+.2f"));
    }
    text += row(cells);
  }
  return text;
}

std::string f1_table(const std::vector<ExperimentResult>& results) {
  std::string text = header(
      {"experiment", "best epoch, valid", "best epoch, test", "last epoch, valid", "last epoch, test"});
  for (const ExperimentResult& result : results) {
    std::vector<std::string> cells = {result.planned->experiment->name};
    for (int state = 0; state < kStates; ++state)
      for (int split = 0; split < kSplits; ++split)
        cells.push_back(text_of(result.macro_f1(state, split), "%.4f"));
    text += row(cells);
  }
  return text;
}

std::string seed_table(const std::vector<ExperimentResult>& results) {
  std::string text =
      header({"experiment", "seed", "best epoch", "valid", "test", "last epoch", "valid", "test"});
  for (const ExperimentResult& result : results)
    for (const SeedResult& seed : result.seeds) {
      std::vector<std::string> cells = {result.planned->experiment->name, std::to_string(seed.seed)};
      if (seed.state == State::done) {
        for (int state = 0; state < kStates; ++state) {
          cells.push_back(std::to_string(seed.scores.epoch[state]));
          for (int split = 0; split < kSplits; ++split)
            cells.push_back(percent(seed.scores.score[state][split].accuracy));
        }
      } else {
        cells.push_back(seed.diverged ? "diverged in " + std::to_string(seed.diverged->epoch) : "to do");
        cells.resize(8, "–");
      }
      text += row(cells);
    }
  return text;
}

std::string claims_text(const std::vector<ExperimentResult>& results) {
  std::string text;
  for (const ExperimentResult& result : results)
    if (const auto& claim = result.planned->experiment->claim)
      text += row({result.planned->experiment->name, percent(claim->accuracy), cell(claim->measured),
                   cell(claim->source)});
  if (text.empty()) return "";
  return "\n## The claims\n\n| experiment | claim | what was measured | source |\n|---|---:|---|---|\n" +
         text;
}

std::string search_text(const Experiment& e, const TrialSearch& search) {
  std::string text = "\n## Search of " + e.name + "\n\n";
  text += e.search->halving ? "Successive halving (Jamieson and Talwalkar, AISTATS 2016)" : "Random search";
  text += " with seed " + std::to_string(e.search->seed) + ":";
  for (std::size_t i = 0; i < search.rungs.size(); ++i)
    text += (i ? ", then the best " : " ") + std::to_string(search.rungs[i].trials) + (i ? "" : " trials") +
            " to epoch " + std::to_string(search.rungs[i].epochs);
  text += ". Trials are ranked by their best epoch on valid, never on test.";
  if (search.winner >= 0)
    text += " The winner, trial " + std::to_string(search.winner) + ", was trained with the seeds above.";
  text += " [Plot](" + e.name + "/trials.svg)\n\n";
  std::vector<std::string> cells = {"rank", "trial"};
  for (const Parameter& parameter : e.search->parameters) cells.push_back(cell(parameter.name));
  for (const Rung& rung : search.rungs) cells.push_back("valid, to epoch " + std::to_string(rung.epochs));
  cells.push_back("");
  text += header(cells);
  std::vector<const Trial*> order;
  order.reserve(search.trials.size());
  for (const Trial& trial : search.trials) order.push_back(&trial);
  std::stable_sort(order.begin(), order.end(),
                   [](const Trial* a, const Trial* b) { return a->rank < b->rank; });
  for (const Trial* trial : order) {
    cells = {trial->rank ? std::to_string(trial->rank) : "–", std::to_string(trial->number)};
    for (const auto& [name, value] : trial->parameters.items())
      cells.push_back(cell(value.is_string() ? value.get<std::string>() : value.dump()));
    for (std::size_t rung = 0; rung < search.rungs.size(); ++rung)
      cells.push_back(rung < trial->accuracy.size() ? percent(trial->accuracy[rung]) : "–");
    cells.push_back(trial_state(search, *trial));
    text += row(cells);
  }
  return text;
}

}  // namespace

std::string study_markdown(const Study& study, const std::vector<ExperimentResult>& results) {
  std::string text = "# " + study.name + "\n\n" + study.description + "\n\n![Accuracies](study.svg)\n\n";
  text += "## Accuracy, %\n\n" + accuracy_table(results);
  text +=
      "\nMean ± standard deviation of the sample (n − 1) over the runs, one a seed. "
      "*Best epoch*: the first with the greatest accuracy on valid, whichever split is reported; "
      "so its number on valid is chosen by looking at it, and the one on test is not. "
      "*Last epoch*: chosen by nobody. "
      "Every evaluation is deterministic, without erasing, flips or jitter, over the whole split.\n";
  if (const std::string claims = claims_text(results); !claims.empty())
    text +=
        "\nA claim that is the best epoch, picked on the split that it reports, of one run, "
        "is compared with our best epoch: on valid it was picked likewise, on test it wasn't. "
        "What was measured stands below with each claim.\n" +
        claims;
  text += "\n## Macro F1\n\n" + f1_table(results);
  text += "\n## Each run\n\n" + seed_table(results) + "\nEpochs count from 0, as in the logs.\n";
  for (const ExperimentResult& result : results)
    if (result.planned->search) text += search_text(*result.planned->experiment, *result.planned->search);
  return text;
}

}  // namespace poster::study

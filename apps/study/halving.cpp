#include "apps/study/halving.h"

#include <algorithm>
#include <cmath>

namespace poster::study {
namespace {

bool failed(const TrialScore& score) {
  return score.failed || std::isnan(score.accuracy) || std::isnan(score.loss);
}

bool better(const TrialScore& a, const TrialScore& b) {
  if (failed(a) != failed(b)) return failed(b);
  if (!failed(a) && a.accuracy != b.accuracy) return a.accuracy > b.accuracy;
  if (!failed(a) && a.loss != b.loss) return a.loss < b.loss;
  return a.trial < b.trial;
}

}  // namespace

std::vector<Rung> halving_rungs(int trials, int eta, int min_epochs, int epochs) {
  std::vector<Rung> rungs = {{trials, std::min(min_epochs, epochs)}};
  while (rungs.back().epochs < epochs) {
    const Rung& last = rungs.back();
    const int next = last.trials / eta;
    if (next < 2) break;
    rungs.push_back({next, last.epochs > epochs / eta ? epochs : last.epochs * eta});
  }
  return rungs;
}

std::vector<int> ranking(std::vector<TrialScore> scores) {
  std::sort(scores.begin(), scores.end(), better);
  std::vector<int> trials;
  trials.reserve(scores.size());
  for (const TrialScore& score : scores) trials.push_back(score.trial);
  return trials;
}

std::vector<int> promoted(const std::vector<TrialScore>& scores, int count) {
  std::vector<TrialScore> sound;
  for (const TrialScore& score : scores)
    if (!failed(score)) sound.push_back(score);
  std::vector<int> trials = ranking(std::move(sound));
  trials.resize(std::min(trials.size(), static_cast<std::size_t>(std::max(count, 0))));
  return trials;
}

}  // namespace poster::study

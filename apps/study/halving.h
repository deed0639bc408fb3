// Successive halving: all trials get a few epochs, the best of them eta times as many, and so on. Jamieson
// and Talwalkar, "Non-stochastic best arm identification and hyperparameter optimization", AISTATS 2016.
#pragma once

#include <vector>

namespace poster::study {

struct Rung {
  int trials;  // that run up to it, at most: trials that failed are not replaced
  int epochs;  // in all
};

// The first rung has all trials for min_epochs; each further one the trials / eta (rounded down) best of the
// one before, for eta times the epochs, `epochs` at most. The last rung has all epochs, or so few trials that
// the next would have one alone: nothing is left to choose then. eta >= 2. Random search is one rung.
std::vector<Rung> halving_rungs(int trials, int eta, int min_epochs, int epochs);

struct TrialScore {
  int trial;
  bool failed;      // diverged
  double accuracy;  // on valid
  double loss;      // on valid, of the same epoch
};

// The trials, best first: by accuracy, then by loss, then by number. What failed, or has a NaN, comes last.
std::vector<int> ranking(std::vector<TrialScore> scores);

// The best `count` of them that haven't failed, in the order of ranking().
std::vector<int> promoted(const std::vector<TrialScore>& scores, int count);

}  // namespace poster::study

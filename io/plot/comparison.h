// The curves of several runs in one plot: accuracy and loss on valid over the epochs.
#pragma once

#include <span>
#include <string>

#include "io/plot/plot.h"
#include "io/score/metrics.h"

namespace poster::io {

struct RunCurves {
  std::string name;
  std::span<const EpochMetrics> epochs;
};

// Each run has a colour that people tell apart who see two primaries alone (M. Okabe and K. Ito, "Color
// Universal Design", 2008), beyond seven runs also dashes. The legend below gives each run's best accuracy
// and its epoch, which is marked.
Plot comparison_plot(const std::string& title, std::span<const RunCurves> runs);

}  // namespace poster::io

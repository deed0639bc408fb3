// The curves of a run: accuracy of train and valid over the epochs, and below it the loss.
#pragma once

#include <filesystem>
#include <span>
#include <string>

#include "io/plot/plot.h"
#include "io/score/metrics.h"

namespace poster::io {

// Epochs carry the numbers that the log gives them (from 0). Values that are NaN or infinite leave a gap; a
// curve without any value is left out. The best epoch on valid is marked.
Plot curves_plot(const std::string& title, std::span<const EpochMetrics> epochs);

// Writes it as STEM.png and STEM.svg, atomically. Throws poster::Error when a file can't be written.
void plot_curves(const std::filesystem::path& stem, const std::string& title,
                 std::span<const EpochMetrics> epochs);

}  // namespace poster::io

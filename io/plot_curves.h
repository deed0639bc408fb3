// The curves of a run: accuracy of train and valid over the epochs, and below it the loss.
#pragma once

#include <filesystem>
#include <span>
#include <string>

#include "io/metrics.h"

namespace poster::io {

// Writes STEM.png and STEM.svg, atomically. Epochs carry the numbers that the log gives them (from 0). Values
// that are NaN or infinite leave a gap; a curve without any value is left out. The best epoch on valid is
// marked. Throws poster::Error when a file can't be written.
void plot_curves(const std::filesystem::path& stem, const std::string& title,
                 std::span<const EpochMetrics> epochs);

}  // namespace poster::io

// The confusion matrix as a plot.
#pragma once

#include <filesystem>
#include <string>

#include "io/plot/plot.h"
#include "io/score/metrics.h"

namespace poster::io {

// Rows are labels, columns predictions; every cell has its count and its share of the row's images, which is
// also its colour. Outputs beyond the classes get a column when one was predicted.
Plot confusion_plot(const std::string& title, const ConfusionMatrix& matrix);

// Writes it as STEM.png and STEM.svg, atomically. Throws poster::Error when a file can't be written.
void plot_confusion(const std::filesystem::path& stem, const std::string& title,
                    const ConfusionMatrix& matrix);

}  // namespace poster::io

// A finished plot.
#pragma once

#include <filesystem>
#include <string>

namespace poster::io {

// Its two files, in memory: the PNG has twice the size in pixels.
struct Plot {
  double width = 0, height = 0;  // in points
  std::string png = {}, svg = {};
};

// Writes STEM.png and STEM.svg, atomically. Throws poster::Error when a file can't be written.
void write_plot(const std::filesystem::path& stem, const Plot& plot);

}  // namespace poster::io

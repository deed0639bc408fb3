// Where labels of boxes go: beside them, and on none.
#pragma once

#include <span>
#include <vector>

#include "io/plot/canvas.h"

namespace poster::io {

struct LabelSize {
  double width = 0, height = 0;
};

// For each box of an image the place of its label, in the order of the boxes: above it, below, or at a side,
// within the image, over no box and no other label; where none is free, in a strip under the image, from
// y = height on. `gap` stays free about each box. A strip of one row has labels side by side, of equal widths
// where they would not fit otherwise; one of many rows takes as many as it needs.
std::vector<Box> place_labels(double width, double height, std::span<const Box> boxes,
                              std::span<const LabelSize> labels, double gap, bool one_row);

}  // namespace poster::io

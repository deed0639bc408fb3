// Where the panels of accuracy and loss lie in a drawing of curves over epochs.
#pragma once

#include "io/plot/canvas.h"

namespace poster::io {

inline constexpr double kWidth = 880, kLeft = 74, kRight = 28;
inline constexpr double kRing = 5.5;  // radius of the ring around the best epoch
inline constexpr Box kAccuracyPanel{kLeft, 92, kWidth - kLeft - kRight, 292};
inline constexpr Box kLossPanel{kLeft, 440, kWidth - kLeft - kRight, 170};

}  // namespace poster::io

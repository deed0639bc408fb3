#pragma once

namespace poster::io {

// A place in an image or on a drawing; y grows downwards.
struct Point {
  double x = 0, y = 0;

  bool operator==(const Point&) const = default;
};

}  // namespace poster::io

#pragma once

namespace poster::io {

// A place in a picture or on a drawing; y grows downwards.
struct Point {
  double x = 0, y = 0;

  bool operator==(const Point&) const = default;
};

}  // namespace poster::io

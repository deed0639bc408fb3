#include "kernels/window_attention/window_attention.h"
#include "tests/ops/suite/op_test.h"

namespace poster::test {
namespace {

using kernels::WindowPartition;

void reference(const WindowPartition<double>& a) {
  const index_t height = a.rows * a.window, width = a.columns * a.window;
  for (index_t b = 0; b < a.batch; ++b)
    for (index_t y = 0; y < height; ++y)
      for (index_t x = 0; x < width; ++x)
        for (index_t c = 0; c < a.channels; ++c) {
          const index_t w = (b * a.rows + y / a.window) * a.columns + x / a.window;
          const index_t token = w * a.window * a.window + y % a.window * a.window + x % a.window;
          const index_t in_windows = token * a.channels + c;
          const index_t in_map = ((b * height + y) * width + x) * a.channels + c;
          a.out[a.reverse ? in_map : in_windows] = a.x[a.reverse ? in_windows : in_map];
        }
}

const bool added = [] {
  auto op = op_test<WindowPartition>({.reference = reference, .tolerance = 0, .exact_tolerance = 0});
  struct Map {
    index_t batch, rows, columns, window, channels;
  };
  for (const Map m : {Map{1, 1, 1, 1, 1}, Map{2, 2, 3, 3, 5}, Map{1, 3, 2, 7, 4}, Map{3, 1, 4, 2, 1},
                      Map{2, 1, 1, 14, 16}, Map{2, 2, 2, 7, 64}, Map{0, 2, 2, 3, 4}})
    for (const bool reverse : {false, true})
      op.add({.batch = m.batch,
              .rows = m.rows,
              .columns = m.columns,
              .window = m.window,
              .channels = m.channels,
              .reverse = reverse});
  op.refuses({.batch = 1, .rows = -1, .columns = 1, .window = 1, .channels = 1}, "negative");
  return true;
}();

}  // namespace
}  // namespace poster::test

#include "kernels/prelu/prelu.h"

#include "tests/ops/suite/op_test.h"

namespace poster::test {
namespace {

using kernels::PReluBackward, kernels::PReluForward;

void reference(const PReluForward<double>& a) {
  for (index_t i = 0; i < a.rows * a.channels; ++i)
    a.y[i] = a.x[i] > 0 ? a.x[i] : (a.slope ? a.slope[i % a.channels] * a.x[i] : 0);
}

void reference(const PReluBackward<double>& a) {
  for (index_t c = 0; a.dslope && c < a.channels; ++c) a.dslope[c] = 0;
  for (index_t i = 0; i < a.rows * a.channels; ++i) {
    const index_t c = i % a.channels;
    if (a.dslope && a.x[i] <= 0) a.dslope[c] += a.dy[i] * a.x[i];
    a.dx[i] = a.x[i] > 0 ? a.dy[i] : (a.slope ? a.slope[c] * a.dy[i] : 0);
  }
}

const bool added = [] {
  auto forward = op_test<PReluForward>(
      {.reference = reference, .tolerance = 1e-7, .exact_tolerance = 0, .compared = {"x"}});
  auto backward = op_test<PReluBackward>({.reference = reference,
                                          .tolerance = 1e-7,
                                          .exact_tolerance = 1e-13,
                                          .gradient_tolerance = 1e-7,
                                          .compared = {"x"},
                                          .nan_may_stop_in = {"x"}});
  struct Sizes {
    index_t rows, channels;
  };
  // 24 and 96 channels leave threads of a CUDA block without work; with 2056 a row needs several blocks.
  for (const auto [rows, channels] : {Sizes{1, 1},    Sizes{5, 1},     Sizes{3, 7},
                                      Sizes{1, 8},    Sizes{1, 512},   Sizes{49, 71},
                                      Sizes{300, 71}, Sizes{700, 33},  Sizes{1000, 8},
                                      Sizes{300, 24}, Sizes{2000, 16}, Sizes{1500, 64},
                                      Sizes{196, 64}, Sizes{70, 96},   Sizes{98, 128},
                                      Sizes{29, 512}, Sizes{5, 2056},  Sizes{3, 1030},
                                      Sizes{0, 64},   Sizes{3001, 65}, Sizes{264 * 4 + 13, 251}}) {
    const std::map<std::string, Range> ranges = {{"slope", {-0.5, 1}}};
    const auto f = forward.add({.rows = rows, .channels = channels}, {.ranges = ranges});
    backward.add({.rows = rows, .channels = channels},
                 {.gradient_of = f, .floors = {{"dslope", 1}}, .tolerances = {{"dslope", 1e-6}}});
  }
  // 0 is on the slope's side.
  backward.add({.rows = 49, .channels = 24}, {.ranges = {{"x", {0, 0}}}, .saturated = true});
  forward.refuses({.rows = 2, .channels = 0}, "channels must be at least 1");
  return true;
}();

}  // namespace
}  // namespace poster::test

#include "kernels/resample/resample.h"

#include <cmath>

#include "tests/ops/suite/op_test.h"

namespace poster::test {
namespace {

using kernels::NearestResize, kernels::Subsample, kernels::SubsampleBackward;

void reference(const NearestResize<double>& a) {
  index_t i = 0;
  for (index_t n = 0; n < a.batch; ++n)
    for (index_t row = 0; row < a.out_height; ++row)
      for (index_t column = 0; column < a.out_width; ++column)
        for (index_t c = 0; c < a.channels; ++c) {
          const auto from_row = static_cast<index_t>(
              std::floor(static_cast<double>(row * a.height) / static_cast<double>(a.out_height)));
          const auto from_column = static_cast<index_t>(
              std::floor(static_cast<double>(column * a.width) / static_cast<double>(a.out_width)));
          a.y[i++] = a.x[((n * a.height + from_row) * a.width + from_column) * a.channels + c];
        }
}

// Calls f(index in the large map, index in the small one).
template <typename Arguments, typename F>
void for_each_picked(const Arguments& a, F f) {
  index_t small = 0;
  for (index_t n = 0; n < a.batch; ++n)
    for (index_t i = 0; i < a.height; i += a.stride)
      for (index_t j = 0; j < a.width; j += a.stride)
        for (index_t c = 0; c < a.channels; ++c)
          f(((n * a.height + i) * a.width + j) * a.channels + c, small++);
}

void reference(const Subsample<double>& a) {
  for_each_picked(a, [&](index_t large, index_t small) { a.y[small] = a.x[large]; });
}
void reference(const SubsampleBackward<double>& a) {
  for_each_picked(a, [&](index_t large, index_t small) { a.dx[large] += a.dy[small]; });
}

const bool added = [] {
  auto nearest = op_test<NearestResize>(
      {.reference = reference, .tolerance = 0, .exact_tolerance = 0, .bits_for_any_alignment = true});
  auto subsample = op_test<Subsample>(
      {.reference = reference, .tolerance = 0, .exact_tolerance = 0, .bits_for_any_alignment = true});
  auto backward = op_test<SubsampleBackward>(
      {.reference = reference, .tolerance = 1e-7, .exact_tolerance = 0, .bits_for_any_alignment = true});
  using N = NearestResize<double>;
  for (const N& a :
       {N{{}, {}, 1, 1, 1, 1, 1, 1}, N{{}, {}, 2, 28, 28, 3, 14, 14}, N{{}, {}, 3, 7, 9, 5, 4, 3},
        N{{}, {}, 1, 3, 2, 3, 7, 9}, N{{}, {}, 2, 5, 5, 64, 5, 5}, N{{}, {}, 1, 1, 1, 3, 4, 4},
        N{{}, {}, 3, 7, 5, 8, 3, 4}, N{{}, {}, 2, 9, 11, 16, 13, 7}, N{{}, {}, 5, 3, 4, 5, 8, 9},
        N{{}, {}, 2, 13, 13, 64, 7, 7}, N{{}, {}, 5, 13, 15, 65, 7, 9}, N{{}, {}, 0, 3, 4, 5, 8, 9}})
    nearest.add(a);
  using S = Subsample<double>;
  for (const S& a : {S{{}, {}, 1, 1, 1, 1, 1}, S{{}, {}, 1, 1, 1, 1, 2}, S{{}, {}, 1, 1, 1, 3, 2},
                     S{{}, {}, 2, 14, 14, 64, 2}, S{{}, {}, 3, 7, 9, 71, 2}, S{{}, {}, 1, 8, 7, 5, 3},
                     S{{}, {}, 2, 4, 4, 9, 1}, S{{}, {}, 3, 7, 9, 8, 2}, S{{}, {}, 2, 6, 5, 3, 2},
                     S{{}, {}, 2, 8, 7, 16, 3}, S{{}, {}, 1, 4, 4, 24, 1}, S{{}, {}, 5, 13, 15, 65, 2},
                     S{{}, {}, 0, 4, 4, 24, 2}}) {
    const auto f = subsample.add(a);
    backward.add({{}, {}, a.batch, a.height, a.width, a.channels, a.stride}, {.gradient_of = f});
  }
  nearest.refuses({{}, {}, 1, 2, 0, 3, 4, 4}, "at least 1");
  subsample.refuses({{}, {}, 1, 2, 2, 3, 0}, "stride must be at least 1");
  return true;
}();

}  // namespace
}  // namespace poster::test

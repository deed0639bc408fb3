#include "kernels/token_assembly/token_assembly.h"

#include <algorithm>

#include "tests/ops/suite/op_test.h"

namespace poster::test {
namespace {

using kernels::TokenAssembly, kernels::TokenAssemblyBackward;

void reference(const TokenAssembly<double>& a) {
  const index_t rows = 1 + 3 * a.tokens, channels = a.channels;
  for (index_t n = 0; n < a.batch; ++n)
    for (index_t row = 0; row < rows; ++row)
      for (index_t c = 0; c < channels; ++c) {
        const index_t level = (row - 1) / a.tokens, token = n * a.tokens + (row - 1) % a.tokens;
        a.y[(n * rows + row) * channels + c] =
            (row == 0 ? a.cls[c] : a.levels[level][token * channels + c]) + a.position[row * channels + c];
      }
}

void reference(const TokenAssemblyBackward<double>& a) {
  const index_t rows = 1 + 3 * a.tokens, channels = a.channels;
  std::fill_n(a.dcls, channels, 0);
  std::fill_n(a.dposition, rows * channels, 0);
  for (index_t n = 0; n < a.batch; ++n)
    for (index_t row = 0; row < rows; ++row)
      for (index_t c = 0; c < channels; ++c) {
        const index_t level = (row - 1) / a.tokens, token = n * a.tokens + (row - 1) % a.tokens;
        const double dy = a.dy[(n * rows + row) * channels + c];
        a.dposition[row * channels + c] += dy;
        if (row == 0)
          a.dcls[c] += dy;
        else
          a.dlevels[level][token * channels + c] = dy;
      }
}

const bool added = [] {
  auto forward = op_test<TokenAssembly>(
      {.reference = reference, .tolerance = 1e-7, .exact_tolerance = 0, .bits_for_any_alignment = true});
  auto backward = op_test<TokenAssemblyBackward>(
      {.reference = reference, .exact_tolerance = 1e-14, .bits_for_any_alignment = true});
  struct Sizes {
    index_t batch, tokens, channels;
  };
  for (const auto [batch, tokens, channels] :
       {Sizes{1, 1, 1}, Sizes{3, 2, 7}, Sizes{5, 4, 96}, Sizes{3, 5, 7}, Sizes{70, 2, 8}, Sizes{9, 3, 36},
        Sizes{33, 1, 264}, Sizes{5, 49, 65}, Sizes{64, 4, 33}, Sizes{7, 49, 129}, Sizes{0, 2, 8}}) {
    const auto f = forward.add({.batch = batch, .tokens = tokens, .channels = channels});
    backward.add({.batch = batch, .tokens = tokens, .channels = channels},
                 {.gradient_of = f, .tolerances = {{"dlevels[0]", 0}, {"dlevels[1]", 0}, {"dlevels[2]", 0}}});
  }
  forward.refuses({.batch = 1, .tokens = -2, .channels = 3}, "negative");
  return true;
}();

}  // namespace
}  // namespace poster::test

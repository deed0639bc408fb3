#include "kernels/mean_token/mean_token.h"

#include "tests/ops/suite/op_test.h"

namespace poster::test {
namespace {

using kernels::MeanTokenBackward, kernels::MeanTokenForward;

void reference(const MeanTokenForward<double>& a) {
  for (index_t n = 0; n < a.batch; ++n)
    for (index_t t = 0; t <= a.tokens; ++t)
      for (index_t c = 0; c < a.channels; ++c) {
        const auto x = [&](index_t token) { return a.x[(n * a.tokens + token) * a.channels + c]; };
        double value = t > 0 ? x(t - 1) : 0;
        for (index_t u = 0; t == 0 && u < a.tokens; ++u) value += x(u) / static_cast<double>(a.tokens);
        a.y[(n * (1 + a.tokens) + t) * a.channels + c] =
            value + (a.position ? a.position[t * a.channels + c] : 0);
      }
}

const bool added = [] {
  auto forward = op_test<MeanTokenForward>({.reference = reference, .bits_for_any_alignment = true});
  auto backward = op_test<MeanTokenBackward>({.bits_for_any_alignment = true});
  struct Sizes {
    index_t batch, tokens, channels;
  };
  for (const auto [batch, tokens, channels] :
       {Sizes{1, 1, 1}, Sizes{3, 2, 7}, Sizes{5, 49, 65}, Sizes{2, 4, 33}, Sizes{1, 49, 8}, Sizes{3, 49, 64},
        Sizes{70, 2, 8}, Sizes{3, 5, 7}, Sizes{2, 4, 264}, Sizes{5, 3, 36}, Sizes{7, 49, 33},
        Sizes{65'540, 1, 2}}) {  // more images than a grid is high
    const auto f = forward.add({.batch = batch, .tokens = tokens, .channels = channels});
    backward.add({.batch = batch, .tokens = tokens, .channels = channels}, {.gradient_of = f});
  }
  forward.refuses({.batch = 2, .tokens = 0, .channels = 8}, "there must be a token");
  backward.refuses({.batch = 2, .tokens = 0, .channels = 8}, "there must be a token");
  return true;
}();

}  // namespace
}  // namespace poster::test

#include "kernels/residual/residual.h"

#include <cstring>

#include "kernels/philox.h"
#include "tests/ops/suite/op_test.h"

namespace poster::test {
namespace {

using kernels::Add, kernels::DropPathMask, kernels::ResidualBackward, kernels::ResidualForward;

void reference(const ResidualForward<double>& a) {
  for (index_t i = 0; i < a.batch * a.rows * a.channels; ++i)
    a.y[i] = a.x[i] + (a.keep ? a.keep[i / (a.rows * a.channels)] : 1) *
                          (a.gamma ? a.gamma[i % a.channels] : 1) * a.f[i];
}

void sum(const Add<double>& a) {
  for (index_t i = 0; i < a.count; ++i) a.out[i] = a.a[i] + a.b[i];
}

void mask(const DropPathMask<double>& a) {
  for (index_t n = 0; n < a.batch; ++n)
    a.keep[n] = kernels::drop_path_keeps(a.seed, *a.call, a.layer, static_cast<std::uint32_t>(n), a.rate)
                    ? 1 / (1 - a.rate)
                    : 0;
}

std::vector<std::byte> bytes_of(std::uint64_t value) {
  std::vector<std::byte> bytes(sizeof value);
  std::memcpy(bytes.data(), &value, sizeof value);
  return bytes;
}

const bool added = [] {
  auto forward =
      op_test<ResidualForward>({.reference = reference, .tolerance = 2e-7, .exact_tolerance = 1e-15});
  auto backward = op_test<ResidualBackward>({.gradient_tolerance = 1e-8});
  struct Sizes {
    index_t batch, rows, channels;
  };
  for (const auto [batch, rows, channels] :
       {Sizes{1, 1, 1}, Sizes{5, 3, 7}, Sizes{3, 49, 64}, Sizes{4, 50, 71}, Sizes{7, 148, 33},
        Sizes{2, 9, 768}, Sizes{13, 148, 65}, Sizes{0, 7, 64}, Sizes{6, 50, 24}, Sizes{3, 357, 251}}) {
    // A sample that is kept with a factor of 1 to 2, and with one of about 0: dropped.
    for (const Range keep : {Range{1, 2}, Range{0, 1e-30}}) {
      const auto f = forward.add({.batch = batch, .rows = rows, .channels = channels},
                                 {.ranges = {{"gamma", {-1.5, 1.5}}, {"keep", keep}},
                                  .floors = {{"y", 0.1}},
                                  .saturated = keep.high < 1});
      if (keep.high > 1)
        backward.add({.batch = batch, .rows = rows, .channels = channels},
                     {.gradient_of = f, .floors = {{"dgamma", 1}}});
    }
  }
  auto add = op_test<Add>({.reference = sum, .tolerance = 1e-7});
  for (const index_t count : {0, 1, 7, 8, 2053, 10'001, 40'001}) add.add({.count = count});
  AddOpTest<DropPathMask<double>, DropPathMask<float>> keep({.reference = mask, .tolerance = 1e-7});
  for (const std::uint64_t call : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{1} << 32})
    for (const index_t batch : {1, 7, 128, 301})
      keep.add({.batch = batch, .rate = 0.3, .seed = 42, .layer = 0xABCDEF0123456789},
               {.objects = {{"call", bytes_of(call)}}});
  keep.refuses({.batch = 3, .rate = 1}, "rate must be in [0, 1)");
  return true;
}();

}  // namespace
}  // namespace poster::test

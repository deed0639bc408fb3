#include "kernels/resample/resample.h"

#include <gtest/gtest.h>

#include "tests/support/buffers.h"
#include "tests/support/cuda_ops.h"

namespace poster::kernels {
namespace {

using test::DeviceArray;
using test::Output;
using test::random_values;
using test::Results;
using test::rounded_to;
using test::to_double;

struct Sizes {
  index_t batch, height, width, channels, out_height, out_width;
  index_t inputs() const { return batch * height * width * channels; }
  index_t outputs() const { return batch * out_height * out_width * channels; }
};

Sizes subsampled(index_t batch, index_t height, index_t width, index_t channels, index_t stride) {
  return {batch, height, width, channels, (height + stride - 1) / stride, (width + stride - 1) / stride};
}

template <typename T>
Results resized(const Sizes& s, const std::vector<T>& x, index_t misalign = 0) {
  CudaQueue queue;
  const DeviceArray<T> from(x, misalign);
  DeviceArray<T> y(s.outputs());
  nearest_resize(queue, NearestResize<T>{.y = y.data(),
                                         .x = from.data(),
                                         .batch = s.batch,
                                         .height = s.height,
                                         .width = s.width,
                                         .channels = s.channels,
                                         .out_height = s.out_height,
                                         .out_width = s.out_width});
  return {{"y", y.values(queue)}};
}

// subsample of x, and its backward of `dy` into a map that holds `dx` already.
template <typename T>
Results subsampled(const Sizes& s, index_t stride, const std::vector<T>& x, const std::vector<T>& dx,
                   const std::vector<T>& dy, index_t misalign = 0) {
  CudaQueue queue;
  const DeviceArray<T> from(x), gradient(dy, misalign);
  DeviceArray<T> y(s.outputs(), misalign), sum(dx);
  subsample(queue, Subsample<T>{.y = y.data(),
                                .x = from.data(),
                                .batch = s.batch,
                                .height = s.height,
                                .width = s.width,
                                .channels = s.channels,
                                .stride = stride});
  subsample_backward(queue, SubsampleBackward<T>{.dx = sum.data(),
                                                 .dy = gradient.data(),
                                                 .batch = s.batch,
                                                 .height = s.height,
                                                 .width = s.width,
                                                 .channels = s.channels,
                                                 .stride = stride});
  return {{"y", y.values(queue)}, {"dx", sum.values(queue)}};
}

class NearestResizeCuda : public test::CudaTestWith<Sizes> {
 protected:
  template <typename T>
  void expect_agreement_with_the_cpu() {
    const Sizes s = GetParam();
    const auto x = rounded_to<T>(random_values<double>(s.inputs(), 1));
    const auto exact = to_double(x);
    CpuQueue cpu(2);
    Output<double> y(s.outputs());
    nearest_resize(cpu, NearestResize<double>{.y = y.data(),
                                              .x = exact.data(),
                                              .batch = s.batch,
                                              .height = s.height,
                                              .width = s.width,
                                              .channels = s.channels,
                                              .out_height = s.out_height,
                                              .out_width = s.out_width});
    EXPECT_EQ(test::for_each_order([&] { return resized<T>(s, x); }).at("y"), y.values());
    EXPECT_EQ(resized<T>(s, x, 1).at("y"), y.values());
  }
};

TEST_P(NearestResizeCuda, AgreesInFloat) { expect_agreement_with_the_cpu<float>(); }
TEST_P(NearestResizeCuda, AgreesInHalf) { expect_agreement_with_the_cpu<Half>(); }

INSTANTIATE_TEST_SUITE_P(Shapes, NearestResizeCuda,
                         testing::Values(Sizes{2, 28, 28, 3, 14, 14}, Sizes{1, 1, 1, 1, 1, 1},
                                         Sizes{3, 7, 5, 8, 3, 4}, Sizes{2, 9, 11, 16, 13, 7},
                                         Sizes{5, 3, 4, 5, 8, 9}, Sizes{2, 13, 13, 64, 7, 7}));

struct SubsampleSizes {
  Sizes sizes;
  index_t stride;
};

class SubsampleCuda : public test::CudaTestWith<SubsampleSizes> {
 protected:
  template <typename T>
  void expect_agreement_with_the_cpu() {
    const Sizes s = GetParam().sizes;
    const index_t stride = GetParam().stride;
    const auto x = rounded_to<T>(random_values<double>(s.inputs(), 1));
    const auto before = rounded_to<T>(random_values<double>(s.inputs(), 2));
    const auto dy = rounded_to<T>(random_values<double>(s.outputs(), 3));
    CpuQueue cpu(2);
    const auto exact_x = to_double(x), exact_dy = to_double(dy);
    Output<double> y(s.outputs());
    subsample(cpu, Subsample<double>{.y = y.data(),
                                     .x = exact_x.data(),
                                     .batch = s.batch,
                                     .height = s.height,
                                     .width = s.width,
                                     .channels = s.channels,
                                     .stride = stride});
    auto dx = to_double(before);
    subsample_backward(cpu, SubsampleBackward<double>{.dx = dx.data(),
                                                      .dy = exact_dy.data(),
                                                      .batch = s.batch,
                                                      .height = s.height,
                                                      .width = s.width,
                                                      .channels = s.channels,
                                                      .stride = stride});
    const Results aligned = test::for_each_order([&] { return subsampled<T>(s, stride, x, before, dy); });
    EXPECT_EQ(aligned.at("y"), y.values());
    EXPECT_TRUE(test::close<T>(aligned.at("dx"), dx, 1e-7));
    EXPECT_EQ(subsampled<T>(s, stride, x, before, dy, 1), aligned);
  }
};

TEST_P(SubsampleCuda, AgreesInFloat) { expect_agreement_with_the_cpu<float>(); }
TEST_P(SubsampleCuda, AgreesInHalf) { expect_agreement_with_the_cpu<Half>(); }

INSTANTIATE_TEST_SUITE_P(Shapes, SubsampleCuda,
                         testing::Values(SubsampleSizes{subsampled(2, 14, 14, 64, 2), 2},
                                         SubsampleSizes{subsampled(3, 7, 9, 8, 2), 2},
                                         SubsampleSizes{subsampled(2, 6, 5, 3, 2), 2},
                                         SubsampleSizes{subsampled(2, 8, 7, 16, 3), 3},
                                         SubsampleSizes{subsampled(1, 4, 4, 24, 1), 1},
                                         SubsampleSizes{subsampled(1, 1, 1, 1, 2), 2}));

}  // namespace
}  // namespace poster::kernels

// Stands in for cuDNN.
#include "kernels/conv2d/conv2d.h"
#include "kernels/cuda/kernel.h"
#include "tests/cuda_simulator/library_stand_in.h"

namespace poster::kernels {
namespace {

using cuda_simulator::data_or_null, cuda_simulator::round_to, cuda_simulator::widened;

index_t input_count(const Conv2dShape& s) { return s.batch * s.height * s.width * s.c_in; }
index_t weight_count(const Conv2dShape& s) { return s.c_out * s.kernel * s.kernel * s.c_in; }
index_t output_count(const Conv2dShape& s) { return s.batch * s.out_height() * s.out_width() * s.c_out; }

std::vector<float> results(index_t count) { return std::vector<float>(static_cast<std::size_t>(count)); }

constexpr index_t kScratch = 4096;

}  // namespace

template <typename T>
void compute(CudaQueue& queue, const Conv2dForward<T>& a) {
  cuda_simulator::run_with_scratch(queue, "cuDNN", kScratch, [a] {
    const auto x = widened(a.x, input_count(a.shape)), w = widened(a.w, weight_count(a.shape));
    const auto bias = widened(a.bias, a.shape.c_out);
    auto y = results(output_count(a.shape));
    run(cuda_simulator::cpu_queue(), Conv2dForward<float>{.y = y.data(),
                                                          .x = x.data(),
                                                          .w = w.data(),
                                                          .bias = data_or_null(bias),
                                                          .shape = a.shape,
                                                          .accuracy = Conv2dAccuracy::exact});
    round_to(a.y, y);
  });
}

template <typename T>
void compute(CudaQueue& queue, const Conv2dForwardEval<T>& a) {
  cuda_simulator::run_with_scratch(queue, "cuDNN", kScratch, [a] {
    const auto x = widened(a.x, input_count(a.shape)), w = widened(a.w, weight_count(a.shape)),
               bias = widened(a.bias, a.shape.c_out), slope = widened(a.slope, a.shape.c_out),
               residual = widened(a.residual, output_count(a.shape));
    auto y = results(output_count(a.shape));
    run(cuda_simulator::cpu_queue(), Conv2dForwardEval<float>{.y = y.data(),
                                                              .x = x.data(),
                                                              .w = w.data(),
                                                              .bias = data_or_null(bias),
                                                              .slope = data_or_null(slope),
                                                              .residual = data_or_null(residual),
                                                              .shape = a.shape,
                                                              .accuracy = Conv2dAccuracy::exact});
    round_to(a.y, y);
  });
}

template <typename T>
void compute(CudaQueue& queue, const Conv2dBackwardData<T>& a) {
  cuda_simulator::run_with_scratch(queue, "cuDNN", kScratch, [a] {
    const auto dy = widened(a.dy, output_count(a.shape)), w = widened(a.w, weight_count(a.shape));
    auto dx = results(input_count(a.shape));
    run(cuda_simulator::cpu_queue(), Conv2dBackwardData<float>{.dx = dx.data(),
                                                               .dy = dy.data(),
                                                               .w = w.data(),
                                                               .shape = a.shape,
                                                               .accuracy = Conv2dAccuracy::exact});
    round_to(a.dx, dx);
  });
}

template <typename T>
void compute(CudaQueue& queue, const Conv2dBackwardWeights<T>& a) {
  cuda_simulator::run_with_scratch(
      queue, "cuDNN", kScratch + weight_count(a.shape) * index_t{sizeof(T)}, [a] {
        const auto dy = widened(a.dy, output_count(a.shape)), x = widened(a.x, input_count(a.shape));
        auto dw = results(weight_count(a.shape)), dbias = results(a.dbias ? a.shape.c_out : 0);
        run(cuda_simulator::cpu_queue(),
            Conv2dBackwardWeights<float>{.dw = dw.data(),
                                         .dbias = dbias.empty() ? nullptr : dbias.data(),
                                         .dy = dy.data(),
                                         .x = x.data(),
                                         .shape = a.shape,
                                         .accuracy = Conv2dAccuracy::exact});
        if constexpr (std::is_same_v<T, Half>)
          for (float& v : dw) v = static_cast<float>(Half(v));  // so comes the gradient of 16-bit weights
        round_to(a.dw, dw);
        round_to(a.dbias, dbias);
      });
}

template struct CudaKernel<Conv2dForward<float>>;
template struct CudaKernel<Conv2dForward<Half>>;
template struct CudaKernel<Conv2dForwardEval<float>>;
template struct CudaKernel<Conv2dForwardEval<Half>>;
template struct CudaKernel<Conv2dBackwardData<float>>;
template struct CudaKernel<Conv2dBackwardData<Half>>;
template struct CudaKernel<Conv2dBackwardWeights<float>>;
template struct CudaKernel<Conv2dBackwardWeights<Half>>;

}  // namespace poster::kernels

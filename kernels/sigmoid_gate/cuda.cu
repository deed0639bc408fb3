#include "kernels/sigmoid_gate/sigmoid_gate.h"

#include "kernels/cuda/elementwise.cuh"
#include "kernels/cuda/kernel.cuh"

namespace poster::kernels {
namespace {

__device__ inline float sigmoid(float z) { return 1 / (1 + expf(-z)); }

template <typename T>
struct Forward {
  template <int N>
  __device__ void at(index_t i) const {
    Floats<N> x = load<N>(a.x + i);
    const Floats<N> z = load<N>(a.z + i);
#pragma unroll
    for (int k = 0; k < N; ++k) x[k] *= sigmoid(z[k]);
    store(a.y + i, x);
  }
  SigmoidGateForward<T> a;
};

template <typename T>
struct Backward {
  template <int N>
  __device__ void at(index_t i) const {
    Floats<N> dx = load<N>(a.dy + i), dz = load<N>(a.x + i);
    const Floats<N> z = load<N>(a.z + i);
#pragma unroll
    for (int k = 0; k < N; ++k) {
      const float s = sigmoid(z[k]);
      dx[k] *= s;
      dz[k] *= dx[k] * (1 - s);
    }
    store(a.dx + i, dx);
    store(a.dz + i, dz);
  }
  SigmoidGateBackward<T> a;
};

}  // namespace

template <typename T>
void compute(CudaQueue& queue, const SigmoidGateForward<T>& a) {
  constexpr int N = kVectorSize<T>;
  elementwise<N>(queue, a.name, Forward<T>{a}, a.count, N, a.y, a.x, a.z);
}

template <typename T>
void compute(CudaQueue& queue, const SigmoidGateBackward<T>& a) {
  constexpr int N = kVectorSize<T>;
  elementwise<N>(queue, a.name, Backward<T>{a}, a.count, N, a.dx, a.dz, a.dy, a.x, a.z);
}

template struct CudaKernel<SigmoidGateForward<float>>;
template struct CudaKernel<SigmoidGateForward<Half>>;
template struct CudaKernel<SigmoidGateBackward<float>>;
template struct CudaKernel<SigmoidGateBackward<Half>>;

}  // namespace poster::kernels

#include "kernels/optimizer/optimizer.h"

#include <cmath>

#include "kernels/cuda/flat.cuh"
#include "kernels/cuda/kernel.cuh"
#include "kernels/cuda/last_block.cuh"

namespace poster::kernels {
namespace {

// squared_norm: a block sums kRounds times four elements of each thread.
constexpr int kRounds = 16;
constexpr index_t kNormBlock = 4 * kRounds * kFlatThreads;
// The last block adds up the blocks' sums as 1024 threads would.
constexpr int kFinishRounds = 1024 / kFlatThreads;

struct NormSums {
  double values[32];
};

template <bool vectors, typename T>
__global__ void __launch_bounds__(kFlatThreads)
    squared_norm_kernel(SquaredNorm<T> a, double* partials, unsigned* counter) {
  const T* const x = a.x;
  const index_t count = a.count;
  const index_t first = blockIdx.x * kNormBlock + 4 * threadIdx.x;
  double sums[4] = {};
#pragma unroll 4
  for (int round = 0; round < kRounds; ++round) {
    const Floats<4> values = load_four<vectors>(x, first + round * 4 * kFlatThreads, count);
#pragma unroll
    for (int i = 0; i < 4; ++i) sums[i] += static_cast<double>(values[i]) * static_cast<double>(values[i]);
  }
  double sum = block_sum((sums[0] + sums[1]) + (sums[2] + sums[3]));
  if (threadIdx.x == 0) partials[blockIdx.x] = sum;
  if (!arrives_last(counter, gridDim.x)) return;
  double* const totals = block_shared<NormSums>().values;
  for (int round = 0; round < kFinishRounds; ++round) {
    sum = 0;
#pragma unroll 4
    for (index_t i = round * kFlatThreads + threadIdx.x; i < gridDim.x; i += kFinishRounds * kFlatThreads)
      sum += partials[i];
    sum = warp_sum(sum);
    if (lane_index() == 0) totals[round * kFlatThreads / 32 + warp_index()] = sum;
  }
  __syncthreads();
  sum = warp_sum(totals[lane_index()]);
  if (threadIdx.x == 0) *a.result = sum;
}

// Scalars that an elementwise kernel derives from the state: thread 0 of each block computes them in double.
template <typename Scalars, typename Derive>
__device__ Scalars derive_scalars(Derive derive) {
  Scalars& shared = block_shared<Scalars>();
  if (threadIdx.x == 0) shared = derive();
  __syncthreads();
  return shared;
}

// compute = values where there is a compute, and rounded where it is wanted.
template <bool vectors, typename Arguments>
__device__ void store_weights(const Arguments& a, index_t at, const Floats<4>& values) {
  if (a.rounded) store_four<vectors>(a.rounded, at, a.count, values);
  if constexpr (vectors) {  // compute_from lies between two fours
    if (at >= a.compute_from)
      store_four<true>(a.compute, at - a.compute_from, a.count - a.compute_from, values);
  } else {
#pragma unroll
    for (int i = 0; i < 4; ++i)
      if (at + i >= a.compute_from && at + i < a.count) a.compute[at + i - a.compute_from] = values[i];
  }
}

// Whether the vectors of each array lie side by side.
template <typename Op, typename... T>
bool fours_fit(const Op& a, const T*... pointers) {
  return vectors_fit<4>(a.compute_from, a.compute, a.rounded, a.master, a.gradient, pointers...);
}

// A step that is skipped.
template <bool vectors, typename Arguments>
__device__ void restore(const Arguments& a) {
  for (index_t at = first_of_four(); at < a.count; at += step_of_four())
    store_weights<vectors>(a, at, load_four<vectors>(a.master, at, a.count));
}

struct AscentScalars {
  float scale;  // 0: stay at master
};

template <bool vectors, typename T>
__global__ void __launch_bounds__(kFlatThreads) sam_ascent_kernel(SamAscent<T> a) {
  const float scale =
      derive_scalars<AscentScalars>([&] {
        const double norm = sqrt(a.state->squared_norm) / a.state->loss_scale;
        return AscentScalars{
            a.state->finite ? static_cast<float>(a.rho / (norm + 1e-12) / a.state->loss_scale) : 0.0f};
      }).scale;
  if (scale == 0) return restore<vectors>(a);
  for (index_t at = first_of_four(); at < a.count; at += step_of_four()) {
    Floats<4> w = load_four<vectors>(a.master, at, a.count);
    const Floats<4> g = load_four<vectors>(a.gradient, at, a.count);
#pragma unroll
    for (int i = 0; i < 4; ++i) w[i] += scale * g[i];
    store_weights<vectors>(a, at, w);
  }
}

struct AdamScalars {
  float unscale, step_size, correction2, shrink;
};

template <bool vectors, typename T>
__global__ void __launch_bounds__(kFlatThreads) adam_step_kernel(AdamStep<T> a) {
  if (!a.state->finite) return restore<vectors>(a);
  const AdamScalars s = derive_scalars<AdamScalars>([&] {
    const double step = static_cast<double>(a.state->updates), lr = a.state->learning_rate;
    return AdamScalars{static_cast<float>(1 / a.state->loss_scale),
                       static_cast<float>(lr / (1 - pow(a.beta1, step))),
                       static_cast<float>(sqrt(1 - pow(a.beta2, step))),
                       a.decoupled ? static_cast<float>(1 - lr * a.weight_decay) : 1.0f};
  });
  const float gain1 = static_cast<float>(1 - a.beta1), beta2 = static_cast<float>(a.beta2);
  const float gain2 = static_cast<float>(1 - a.beta2), eps = static_cast<float>(a.eps);
  const float decay = a.decoupled ? 0.0f : static_cast<float>(a.weight_decay);
  for (index_t at = first_of_four(); at < a.count; at += step_of_four()) {
    Floats<4> w = load_four<vectors>(a.master, at, a.count);
    Floats<4> m = load_four<vectors>(a.moment1, at, a.count);
    Floats<4> v = load_four<vectors>(a.moment2, at, a.count);
    const Floats<4> gradient = load_four<vectors>(a.gradient, at, a.count);
#pragma unroll
    for (int i = 0; i < 4; ++i) {
      const float g = s.unscale * gradient[i] + decay * w[i];
      m[i] += gain1 * (g - m[i]);
      v[i] = beta2 * v[i] + gain2 * g * g;
      w[i] = s.shrink * w[i] - s.step_size * m[i] / (sqrtf(v[i]) / s.correction2 + eps);
    }
    store_four<vectors>(a.moment1, at, a.count, m);
    store_four<vectors>(a.moment2, at, a.count, v);
    store_four<vectors>(a.master, at, a.count, w);
    store_weights<vectors>(a, at, w);
  }
}

template <bool vectors, typename T>
__global__ void __launch_bounds__(kFlatThreads) sgd_step_kernel(SgdStep<T> a) {
  if (!a.state->finite) return restore<vectors>(a);
  const float lr = static_cast<float>(a.state->learning_rate);
  const float unscale = static_cast<float>(1 / a.state->loss_scale);
  const float momentum = static_cast<float>(a.momentum), decay = static_cast<float>(a.weight_decay);
  for (index_t at = first_of_four(); at < a.count; at += step_of_four()) {
    Floats<4> w = load_four<vectors>(a.master, at, a.count);
    Floats<4> v = load_four<vectors>(a.velocity, at, a.count);
    const Floats<4> gradient = load_four<vectors>(a.gradient, at, a.count);
#pragma unroll
    for (int i = 0; i < 4; ++i) {
      v[i] = momentum * v[i] + (unscale * gradient[i] + decay * w[i]);
      w[i] -= lr * v[i];
    }
    store_four<vectors>(a.velocity, at, a.count, v);
    store_four<vectors>(a.master, at, a.count, w);
    store_weights<vectors>(a, at, w);
  }
}

}  // namespace

template <typename T>
void compute(CudaQueue& queue, const SquaredNorm<T>& a) {
  const index_t blocks = a.count > 0 ? ceil_div(a.count, kNormBlock) : 1;
  double* const partials = queue.scratch<double>(blocks);
  const auto kernel = vectors_fit<4>(0, a.x) ? squared_norm_kernel<true, T> : squared_norm_kernel<false, T>;
  launch(queue, a.name, kernel, blocks_for(blocks, 1), kFlatThreads, 0, a, partials, queue.counters(1));
}

template <typename T>
void compute(CudaQueue& queue, const SamAscent<T>& a) {
  const auto kernel = fours_fit(a) ? sam_ascent_kernel<true, T> : sam_ascent_kernel<false, T>;
  launch(queue, a.name, kernel, flat_blocks(queue, a.count), kFlatThreads, 0, a);
}

template <typename T>
void compute(CudaQueue& queue, const AdamStep<T>& a) {
  const auto kernel =
      fours_fit(a, a.moment1, a.moment2) ? adam_step_kernel<true, T> : adam_step_kernel<false, T>;
  launch(queue, a.name, kernel, flat_blocks(queue, a.count), kFlatThreads, 0, a);
}

template <typename T>
void compute(CudaQueue& queue, const SgdStep<T>& a) {
  const auto kernel = fours_fit(a, a.velocity) ? sgd_step_kernel<true, T> : sgd_step_kernel<false, T>;
  launch(queue, a.name, kernel, flat_blocks(queue, a.count), kFlatThreads, 0, a);
}

template struct CudaKernel<SquaredNorm<float>>;
template struct CudaKernel<SquaredNorm<Half>>;
template struct CudaKernel<SamAscent<float>>;
template struct CudaKernel<SamAscent<Half>>;
template struct CudaKernel<AdamStep<float>>;
template struct CudaKernel<AdamStep<Half>>;
template struct CudaKernel<SgdStep<float>>;
template struct CudaKernel<SgdStep<Half>>;

}  // namespace poster::kernels

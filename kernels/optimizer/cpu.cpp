#include "kernels/optimizer/optimizer.h"

#include <algorithm>
#include <cmath>

#include "kernels/cpu/isa.h"
#include "kernels/cpu/row_blocks.h"

namespace poster::kernels::POSTER_ISA {

template <typename T>
void compute(Here, CpuQueue& queue, const SquaredNorm<T>& a) {
  const index_t blocks = ceil_div(a.count, kTaskElements);
  double* const partials = queue.shared_scratch<double>(blocks + 1);
  for_chunks(queue, a.count, [&](index_t begin, index_t end) {
    const T* const x = a.x;
    double sum = 0;
#pragma omp simd reduction(+ : sum)
    for (index_t i = begin; i < end; ++i) sum += static_cast<double>(x[i]) * static_cast<double>(x[i]);
    partials[begin / kTaskElements] = sum;
  });
  double sum = 0;
  for (index_t block = 0; block < blocks; ++block) sum += partials[block];
  *a.result = sum;
}

namespace {

// Calls f(begin, end, weights) for chunks of the elements: f writes weights[0] for `begin`, and so on. On the
// CPU T is never narrower than compute: rounded is a copy.
template <typename Op, typename F>
void for_weights(CpuQueue& queue, const Op& a, F f) {
  for_chunks(queue, a.count, [&](index_t begin, index_t end) {
    const index_t middle = std::clamp(a.compute_from, begin, end);
    if (begin < middle) f(begin, middle, a.rounded + begin);
    if (middle == end) return;
    auto* const weights = a.compute + (middle - a.compute_from);
    f(middle, end, weights);
    if (a.rounded) std::copy_n(weights, end - middle, a.rounded + middle);
  });
}

// A step that is skipped.
template <typename Op>
void restore(CpuQueue& queue, const Op& a) {
  for_weights(queue, a, [&](index_t begin, index_t end, auto* weights) {
    std::copy(a.master + begin, a.master + end, weights);
  });
}

}  // namespace

template <typename T>
void compute(Here, CpuQueue& queue, const SamAscent<T>& a) {
  const StepState& state = *a.state;
  const double norm = std::sqrt(state.squared_norm) / state.loss_scale;
  const T scale = state.finite ? static_cast<T>(a.rho / (norm + 1e-12) / state.loss_scale) : T(0);
  for_weights(queue, a, [&](index_t begin, index_t end, T* const weights) {
    const T *const master = a.master, *const gradient = a.gradient;
#pragma omp simd
    for (index_t i = begin; i < end; ++i)
      weights[i - begin] = scale == 0 ? master[i] : master[i] + scale * gradient[i];
  });
}

template <typename T>
void compute(Here, CpuQueue& queue, const AdamStep<T>& a) {
  if (!a.state->finite) return restore(queue, a);
  const double step = static_cast<double>(a.state->updates), lr = a.state->learning_rate;
  const T unscale = static_cast<T>(1 / a.state->loss_scale);
  const T step_size = static_cast<T>(lr / (1 - std::pow(a.beta1, step)));
  const T correction2 = static_cast<T>(std::sqrt(1 - std::pow(a.beta2, step)));
  const T gain1 = static_cast<T>(1 - a.beta1), beta2 = static_cast<T>(a.beta2);
  const T gain2 = static_cast<T>(1 - a.beta2), eps = static_cast<T>(a.eps);
  const T shrink = a.decoupled ? static_cast<T>(1 - lr * a.weight_decay) : T(1);
  const T decay = a.decoupled ? T(0) : static_cast<T>(a.weight_decay);
  for_weights(queue, a, [&](index_t begin, index_t end, T* const weights) {
    T* const master = a.master;
    T *const moment1 = a.moment1, *const moment2 = a.moment2;
    const T* const gradient = a.gradient;
#pragma omp simd
    for (index_t i = begin; i < end; ++i) {
      T w = master[i];
      const T g = unscale * gradient[i] + decay * w;
      const T m = moment1[i] + gain1 * (g - moment1[i]);
      const T v = beta2 * moment2[i] + gain2 * g * g;
      w = shrink * w - step_size * m / (std::sqrt(v) / correction2 + eps);
      moment1[i] = m;
      moment2[i] = v;
      master[i] = w;
      weights[i - begin] = w;
    }
  });
}

template <typename T>
void compute(Here, CpuQueue& queue, const SgdStep<T>& a) {
  if (!a.state->finite) return restore(queue, a);
  const T lr = static_cast<T>(a.state->learning_rate), unscale = static_cast<T>(1 / a.state->loss_scale);
  const T momentum = static_cast<T>(a.momentum);
  const T decay = static_cast<T>(a.weight_decay);
  for_weights(queue, a, [&](index_t begin, index_t end, T* const weights) {
    T *const master = a.master, *const velocity = a.velocity;
    const T* const gradient = a.gradient;
#pragma omp simd
    for (index_t i = begin; i < end; ++i) {
      const T v = momentum * velocity[i] + (unscale * gradient[i] + decay * master[i]);
      const T w = master[i] - lr * v;
      velocity[i] = v;
      master[i] = w;
      weights[i - begin] = w;
    }
  });
}

}  // namespace poster::kernels::POSTER_ISA

namespace poster::kernels {

template struct CpuKernel<POSTER_ISA::Here, SquaredNorm<float>>;
template struct CpuKernel<POSTER_ISA::Here, SquaredNorm<double>>;
template struct CpuKernel<POSTER_ISA::Here, SamAscent<float>>;
template struct CpuKernel<POSTER_ISA::Here, SamAscent<double>>;
template struct CpuKernel<POSTER_ISA::Here, AdamStep<float>>;
template struct CpuKernel<POSTER_ISA::Here, AdamStep<double>>;
template struct CpuKernel<POSTER_ISA::Here, SgdStep<float>>;
template struct CpuKernel<POSTER_ISA::Here, SgdStep<double>>;

}  // namespace poster::kernels

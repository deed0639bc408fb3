#include "kernels/mean_token/mean_token.h"

#include "kernels/cpu/isa.h"

namespace poster::kernels::POSTER_ISA {

template <typename T>
void compute(Here, CpuQueue& queue, const MeanTokenForward<T>& a) {
  const index_t channels = a.channels;
  queue.parallel_for(a.batch, [&](index_t n) {
    const T* const x = a.x + n * a.tokens * channels;
    T* const y = a.y + n * (1 + a.tokens) * channels;
    for (index_t c = 0; c < channels; ++c) y[c] = 0;
    for (index_t t = 0; t < a.tokens; ++t) {
      const T* const from = x + t * channels;
      T* const to = y + (1 + t) * channels;
#pragma omp simd
      for (index_t c = 0; c < channels; ++c) {
        y[c] += from[c];
        to[c] = from[c];
      }
    }
    const T tokens = static_cast<T>(a.tokens);
#pragma omp simd
    for (index_t c = 0; c < channels; ++c) y[c] /= tokens;
    if (!a.position) return;
#pragma omp simd
    for (index_t i = 0; i < (1 + a.tokens) * channels; ++i) y[i] += a.position[i];
  });
}

template <typename T>
void compute(Here, CpuQueue& queue, const MeanTokenBackward<T>& a) {
  const index_t channels = a.channels;
  queue.parallel_for(a.batch, [&](index_t n) {
    const T* const mean = a.dy + n * (1 + a.tokens) * channels;
    T* const dx = a.dx + n * a.tokens * channels;
    const T tokens = static_cast<T>(a.tokens);
    for (index_t t = 0; t < a.tokens; ++t) {
      const T* const dy = mean + (1 + t) * channels;
#pragma omp simd
      for (index_t c = 0; c < channels; ++c) dx[t * channels + c] = dy[c] + mean[c] / tokens;
    }
  });
}

}  // namespace poster::kernels::POSTER_ISA

namespace poster::kernels {

template struct CpuKernel<POSTER_ISA::Here, MeanTokenForward<float>>;
template struct CpuKernel<POSTER_ISA::Here, MeanTokenForward<double>>;
template struct CpuKernel<POSTER_ISA::Here, MeanTokenBackward<float>>;
template struct CpuKernel<POSTER_ISA::Here, MeanTokenBackward<double>>;

}  // namespace poster::kernels

#include "kernels/residual/residual.h"

#include "kernels/cpu/isa.h"
#include "kernels/cpu/row_blocks.h"
#include "kernels/residual/drop_path_mask.h"

namespace poster::kernels::POSTER_ISA {

template <typename T>
void compute(Here, CpuQueue& queue, const ResidualForward<T>& a) {
  const RowBlocks blocks(a.batch * a.rows, a.channels);
  queue.parallel_for(blocks.count, [&](index_t block) {
    for (index_t r = blocks.begin(block); r < blocks.end(block); ++r) {
      T* const y = a.y + r * a.channels;
      const T *const x = a.x + r * a.channels, *const f = a.f + r * a.channels, *const gamma = a.gamma;
      const T keep = a.keep ? a.keep[r / a.rows] : T(1);
      if (gamma) {  // NOLINT(bugprone-branch-clone): it doesn't look into loops behind a pragma
#pragma omp simd
        for (index_t c = 0; c < a.channels; ++c) y[c] = x[c] + keep * (gamma[c] * f[c]);
      } else {
#pragma omp simd
        for (index_t c = 0; c < a.channels; ++c) y[c] = x[c] + keep * f[c];
      }
    }
  });
}

template <typename T>
void compute(Here, CpuQueue& queue, const ResidualBackward<T>& a) {
  const index_t channels = a.channels;
  const RowBlocks blocks(a.batch * a.rows, channels);
  T* const partials = a.gamma ? queue.shared_scratch<T>(blocks.count * channels) : nullptr;
  queue.parallel_for(blocks.count, [&](index_t block) {
    T* const sum = partials + (a.gamma ? block * channels : 0);
    if (a.gamma)
      for (index_t c = 0; c < channels; ++c) sum[c] = 0;
    for (index_t r = blocks.begin(block); r < blocks.end(block); ++r) {
      T* const df = a.df + r * channels;
      const T* const dy = a.dy + r * channels;
      const T keep = a.keep ? a.keep[r / a.rows] : T(1);
      if (a.gamma) {
        const T *const f = a.f + r * channels, *const gamma = a.gamma;
#pragma omp simd
        for (index_t c = 0; c < channels; ++c) {
          const T g = keep * dy[c];
          sum[c] += g * f[c];
          df[c] = g * gamma[c];
        }
      } else {
#pragma omp simd
        for (index_t c = 0; c < channels; ++c) df[c] = keep * dy[c];
      }
    }
  });
  if (a.gamma)
    sum_blocks(queue, partials, blocks.count, channels,
               [&](index_t c, double sum) { a.dgamma[c] = static_cast<T>(sum); });
}

template <typename T>
void compute(Here, CpuQueue& queue, const Add<T>& a) {
  for_chunks(queue, a.count, [&](index_t begin, index_t end) {
    T* const out = a.out;
    const T *const x = a.a, *const y = a.b;
#pragma omp simd
    for (index_t i = begin; i < end; ++i) out[i] = x[i] + y[i];
  });
}

template <typename T>
void compute(Here, CpuQueue&, const DropPathMask<T>& a) {
  draw_drop_path_mask(a);
}

}  // namespace poster::kernels::POSTER_ISA

namespace poster::kernels {

template struct CpuKernel<POSTER_ISA::Here, ResidualForward<float>>;
template struct CpuKernel<POSTER_ISA::Here, ResidualForward<double>>;
template struct CpuKernel<POSTER_ISA::Here, ResidualBackward<float>>;
template struct CpuKernel<POSTER_ISA::Here, ResidualBackward<double>>;
template struct CpuKernel<POSTER_ISA::Here, Add<float>>;
template struct CpuKernel<POSTER_ISA::Here, Add<double>>;
template struct CpuKernel<POSTER_ISA::Here, DropPathMask<float>>;
template struct CpuKernel<POSTER_ISA::Here, DropPathMask<double>>;

}  // namespace poster::kernels

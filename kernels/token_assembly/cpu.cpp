#include "kernels/token_assembly/token_assembly.h"

#include "kernels/cpu/isa.h"
#include "kernels/cpu/row_blocks.h"

namespace poster::kernels::POSTER_ISA {

// Row `row` of a sample of 1 + 3 tokens rows comes from level (row - 1) / tokens.
template <typename T>
T* level_row(T* const levels[3], index_t sample, index_t row, index_t tokens, index_t channels) {
  const index_t level = (row - 1) / tokens, token = (row - 1) % tokens;
  return levels[level] + (sample * tokens + token) * channels;
}

template <typename T>
void compute(Here, CpuQueue& queue, const TokenAssembly<T>& a) {
  const index_t sample_rows = 1 + 3 * a.tokens;
  const RowBlocks blocks(a.batch * sample_rows, a.channels);
  queue.parallel_for(blocks.count, [&](index_t block) {
    for (index_t r = blocks.begin(block); r < blocks.end(block); ++r) {
      const index_t sample = r / sample_rows, row = r % sample_rows;
      const T* const x = row == 0 ? a.cls : level_row<const T>(a.levels, sample, row, a.tokens, a.channels);
      const T* const position = a.position + row * a.channels;
      T* const y = a.y + r * a.channels;
#pragma omp simd
      for (index_t c = 0; c < a.channels; ++c) y[c] = x[c] + position[c];
    }
  });
}

template <typename T>
void compute(Here, CpuQueue& queue, const TokenAssemblyBackward<T>& a) {
  const index_t channels = a.channels, sample_rows = 1 + 3 * a.tokens;
  // One task is one row of every sample: it copies the gradients and adds them up, sample by sample.
  queue.parallel_for(sample_rows, [&](index_t row) {
    T* const sum = a.dposition + row * channels;
    for (index_t c = 0; c < channels; ++c) sum[c] = 0;
    for (index_t sample = 0; sample < a.batch; ++sample) {
      const T* const dy = a.dy + (sample * sample_rows + row) * channels;
      if (row == 0) {
#pragma omp simd
        for (index_t c = 0; c < channels; ++c) sum[c] += dy[c];
      } else {
        T* const dx = level_row(a.dlevels, sample, row, a.tokens, channels);
#pragma omp simd
        for (index_t c = 0; c < channels; ++c) {
          dx[c] = dy[c];
          sum[c] += dy[c];
        }
      }
    }
    if (row == 0)
      for (index_t c = 0; c < channels; ++c) a.dcls[c] = sum[c];
  });
}

}  // namespace poster::kernels::POSTER_ISA

namespace poster::kernels {

template struct CpuKernel<POSTER_ISA::Here, TokenAssembly<float>>;
template struct CpuKernel<POSTER_ISA::Here, TokenAssembly<double>>;
template struct CpuKernel<POSTER_ISA::Here, TokenAssemblyBackward<float>>;
template struct CpuKernel<POSTER_ISA::Here, TokenAssemblyBackward<double>>;

}  // namespace poster::kernels

#include "kernels/resample/resample.h"

#include "kernels/cpu/isa.h"
#include "kernels/cpu/row_blocks.h"

namespace poster::kernels::POSTER_ISA {

template <typename T>
inline void copy_pixel(T* to, const T* from, index_t channels) {
#pragma omp simd
  for (index_t c = 0; c < channels; ++c) to[c] = from[c];
}

// Colour images have three channels: too few for a loop.
template <typename T>
inline void copy_colour(T* to, const T* from) {
  to[0] = from[0];
  to[1] = from[1];
  to[2] = from[2];
}

// Calls body(row) for every row of `elements` elements, in parallel.
template <typename Body>
void for_rows(CpuQueue& queue, index_t rows, index_t elements, Body body) {
  const RowBlocks blocks(rows, elements);
  queue.parallel_for(blocks.count, [&](index_t block) {
    for (index_t r = blocks.begin(block); r < blocks.end(block); ++r) body(r);
  });
}

template <typename T>
void compute(Here, CpuQueue& queue, const NearestResize<T>& a) {
  for_rows(queue, a.batch * a.out_height, a.out_width * a.channels, [&](index_t r) {
    const index_t sample = r / a.out_height, i = r % a.out_height * a.height / a.out_height;
    const T* const x = a.x + (sample * a.height + i) * a.width * a.channels;
    T* const y = a.y + r * a.out_width * a.channels;
    if (a.channels == 3) {
      for (index_t j = 0; j < a.out_width; ++j) copy_colour(y + j * 3, x + j * a.width / a.out_width * 3);
    } else {
      for (index_t j = 0; j < a.out_width; ++j)
        copy_pixel(y + j * a.channels, x + j * a.width / a.out_width * a.channels, a.channels);
    }
  });
}

template <typename T>
void compute(Here, CpuQueue& queue, const Subsample<T>& a) {
  const index_t out_height = subsampled(a.height, a.stride);
  const index_t out_width = subsampled(a.width, a.stride);
  for_rows(queue, a.batch * out_height, out_width * a.channels, [&](index_t r) {
    const index_t sample = r / out_height, i = r % out_height * a.stride;
    const T* const x = a.x + (sample * a.height + i) * a.width * a.channels;
    T* const y = a.y + r * out_width * a.channels;
    for (index_t j = 0; j < out_width; ++j)
      copy_pixel(y + j * a.channels, x + j * a.stride * a.channels, a.channels);
  });
}

template <typename T>
void compute(Here, CpuQueue& queue, const SubsampleBackward<T>& a) {
  const index_t out_height = subsampled(a.height, a.stride);
  const index_t out_width = subsampled(a.width, a.stride);
  for_rows(queue, a.batch * out_height, out_width * a.channels, [&](index_t r) {
    const index_t sample = r / out_height, i = r % out_height * a.stride;
    const T* const dy_row = a.dy + r * out_width * a.channels;
    T* const dx_row = a.dx + (sample * a.height + i) * a.width * a.channels;
    for (index_t j = 0; j < out_width; ++j) {
      const T* const dy = dy_row + j * a.channels;
      T* const dx = dx_row + j * a.stride * a.channels;
#pragma omp simd
      for (index_t c = 0; c < a.channels; ++c) dx[c] += dy[c];
    }
  });
}

}  // namespace poster::kernels::POSTER_ISA

namespace poster::kernels {

template struct CpuKernel<POSTER_ISA::Here, NearestResize<float>>;
template struct CpuKernel<POSTER_ISA::Here, NearestResize<double>>;
template struct CpuKernel<POSTER_ISA::Here, Subsample<float>>;
template struct CpuKernel<POSTER_ISA::Here, Subsample<double>>;
template struct CpuKernel<POSTER_ISA::Here, SubsampleBackward<float>>;
template struct CpuKernel<POSTER_ISA::Here, SubsampleBackward<double>>;

}  // namespace poster::kernels

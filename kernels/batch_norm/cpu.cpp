#include "kernels/batch_norm/batch_norm.h"

#include <cmath>
#include <type_traits>

#include "kernels/cpu/isa.h"
#include "kernels/cpu/row_blocks.h"

namespace poster::kernels::POSTER_ISA {

// y = prelu((x - mean) scale + beta, slope) + residual.
template <typename T>
struct Normalisation {
  T* y;
  const T* x;
  const T* residual;  // null for none
  const T *mean, *scale, *beta;
  const T* slope;  // null for none
  index_t channels;
};

// Rows from `first` on.
template <typename T, bool kSlope, bool kResidual>
void normalise_rows(const Normalisation<T>& a, index_t first, index_t rows) {
  const T *const mean = a.mean, *const scale = a.scale, *const beta = a.beta, *const slope = a.slope;
  const index_t channels = a.channels;
  for (index_t r = first; r < first + rows; ++r) {
    T* const y = a.y + r * channels;
    const T* const x = a.x + r * channels;
    const T* const residual = kResidual ? a.residual + r * channels : nullptr;
#pragma omp simd
    for (index_t c = 0; c < channels; ++c) {
      T z = (x[c] - mean[c]) * scale[c] + beta[c];
      if constexpr (kSlope) z = z > 0 ? z : slope[c] * z;
      if constexpr (kResidual) z += residual[c];
      y[c] = z;
    }
  }
}

// Calls then(block) after each block of rows.
template <typename T, typename Then>
void normalise(CpuQueue& queue, const RowBlocks& blocks, const Normalisation<T>& a, Then then) {
  const auto rows_of = a.slope
                           ? (a.residual ? normalise_rows<T, true, true> : normalise_rows<T, true, false>)
                           : (a.residual ? normalise_rows<T, false, true> : normalise_rows<T, false, false>);
  queue.parallel_for(blocks.count, [&](index_t block) {
    rows_of(a, blocks.begin(block), blocks.end(block) - blocks.begin(block));
    then(block);
  });
}
template <typename T>
void normalise(CpuQueue& queue, const RowBlocks& blocks, const Normalisation<T>& a) {
  normalise(queue, blocks, a, [](index_t) {});
}

// Sums of x and of (x - block mean)^2 over one block of rows. Four rows at a time, to load and store the sums
// less often.
template <typename T>
void block_moments(T* sum, T* squares, const T* x0, index_t rows, index_t channels) {
  for (index_t c = 0; c < channels; ++c) sum[c] = 0;
  index_t r = 0;
  for (; r + 4 <= rows; r += 4) {
    const T *const a = x0 + r * channels, *const b = a + channels, *const c = b + channels,
                   *const d = c + channels;
#pragma omp simd
    for (index_t i = 0; i < channels; ++i) sum[i] += (a[i] + b[i]) + (c[i] + d[i]);
  }
  for (; r < rows; ++r) {
    const T* const a = x0 + r * channels;
#pragma omp simd
    for (index_t i = 0; i < channels; ++i) sum[i] += a[i];
  }
  for (index_t c = 0; c < channels; ++c) squares[c] = 0;
  const T inverse_rows = T(1) / static_cast<T>(rows);
  for (r = 0; r + 4 <= rows; r += 4) {
    const T *const a = x0 + r * channels, *const b = a + channels, *const c = b + channels,
                   *const d = c + channels;
#pragma omp simd
    for (index_t i = 0; i < channels; ++i) {
      const T mean = sum[i] * inverse_rows;
      const T da = a[i] - mean, db = b[i] - mean, dc = c[i] - mean, dd = d[i] - mean;
      squares[i] += (da * da + db * db) + (dc * dc + dd * dd);
    }
  }
  for (; r < rows; ++r) {
    const T* const a = x0 + r * channels;
#pragma omp simd
    for (index_t i = 0; i < channels; ++i) {
      const T da = a[i] - sum[i] * inverse_rows;
      squares[i] += da * da;
    }
  }
}

// Both passes over a block are taken while it is in the cache, each about the block's own mean.
template <typename T>
void moments_of_block(T* partials, const RowBlocks& blocks, index_t block, const T* map, index_t channels) {
  T* const sum = partials + block * 2 * channels;
  const index_t first = blocks.begin(block);
  block_moments(sum, sum + channels, map + first * channels, blocks.end(block) - first, channels);
}

// Calls f(channel, mean, sum of squared differences from it).
template <typename T, typename F>
void merge_moments(CpuQueue& queue, const RowBlocks& blocks, const T* partials, index_t all_rows,
                   index_t channels, F f) {
  // Sum of (x - mean)^2 = sum over blocks of (squares about the block's mean + rows (block mean - mean)^2):
  // Chan, Golub & LeVeque, "Updating formulae and a pairwise algorithm for computing sample variances", 1979.
  constexpr index_t kLanes = 16;
  queue.parallel_for(ceil_div(channels, kLanes), [&](index_t task) {
    const index_t first = task * kLanes;
    const index_t lanes = channels - first < kLanes ? channels - first : kLanes;
    double mean[kLanes] = {}, squares[kLanes] = {};
    for (index_t block = 0; block < blocks.count; ++block) {
      const T* const sum = partials + block * 2 * channels + first;
      for (index_t l = 0; l < lanes; ++l) mean[l] += sum[l];
    }
    for (index_t l = 0; l < lanes; ++l) mean[l] /= static_cast<double>(all_rows);
    for (index_t block = 0; block < blocks.count; ++block) {
      const T *const sum = partials + block * 2 * channels + first, *const square = sum + channels;
      const double rows = static_cast<double>(blocks.end(block) - blocks.begin(block));
      for (index_t l = 0; l < lanes; ++l) {
        const double difference = sum[l] / rows - mean[l];
        squares[l] += square[l] + rows * difference * difference;
      }
    }
    for (index_t l = 0; l < lanes; ++l) f(first + l, mean[l], squares[l]);
  });
}

// Of one channel; also scale[c] = gamma rstd.
template <typename T, typename Op>
void set_statistics(const Op& a, T* scale, index_t c, double mean, double squares) {
  const double n = static_cast<double>(a.rows), rstd = 1 / std::sqrt(squares / n + a.eps);
  a.mean[c] = static_cast<T>(mean);
  a.rstd[c] = static_cast<T>(rstd);
  scale[c] = static_cast<T>(a.gamma[c] * rstd);
  const double unbiased = squares / (n - 1);
  for (int update = 0; update < a.updates; ++update) {
    a.running_mean[c] = static_cast<T>((1 - a.momentum) * a.running_mean[c] + a.momentum * mean);
    a.running_var[c] = static_cast<T>((1 - a.momentum) * a.running_var[c] + a.momentum * unbiased);
  }
}

template <typename T>
void compute(Here, CpuQueue& queue, const BatchNormForwardTrain<T>& a) {
  const index_t channels = a.channels;
  const RowBlocks blocks(a.rows, channels);
  T* const partials = queue.shared_scratch<T>((blocks.count * 2 + 1) * channels);
  T* const scale = partials + blocks.count * 2 * channels;
  queue.parallel_for(blocks.count,
                     [&](index_t block) { moments_of_block(partials, blocks, block, a.x, channels); });
  merge_moments(queue, blocks, partials, a.rows, channels,
                [&](index_t c, double mean, double squares) { set_statistics(a, scale, c, mean, squares); });
  const Normalisation<T> normalisation{a.y, a.x, a.residual, a.mean, scale, a.beta, a.slope, channels};
  if (!a.y_mean) return normalise(queue, blocks, normalisation);
  normalise(queue, blocks, normalisation,
            [&](index_t block) { moments_of_block<T>(partials, blocks, block, a.y, channels); });
  merge_moments(queue, blocks, partials, a.rows, channels, [&](index_t c, double mean, double squares) {
    a.y_mean[c] = mean;
    a.y_squares[c] = squares;
  });
}

template <typename T>
void compute(Here, CpuQueue& queue, const BatchNormForwardMoments<T>& a) {
  T* const scale = queue.shared_scratch<T>(a.channels);
  for (index_t c = 0; c < a.channels; ++c) set_statistics(a, scale, c, a.x_mean[c], a.x_squares[c]);
  normalise(queue, RowBlocks(a.rows, a.channels),
            Normalisation<T>{a.y, a.x, nullptr, a.mean, scale, a.beta, nullptr, a.channels});
}

template <typename T>
void compute(Here, CpuQueue& queue, const BatchNormForwardEval<T>& a) {
  const RowBlocks blocks(a.rows, a.channels);
  T* const scale = queue.shared_scratch<T>(a.channels);
  for (index_t c = 0; c < a.channels; ++c)
    scale[c] = static_cast<T>(a.gamma[c] / std::sqrt(static_cast<double>(a.running_var[c]) + a.eps));
  normalise<T>(queue, blocks, {a.y, a.x, a.residual, a.running_mean, scale, a.beta, a.slope, a.channels});
}

// Coefficients of one channel, each an array of its own so that loops over channels vectorise.
template <typename T>
struct BackwardChannels {
  const T *mean, *rstd, *gamma, *beta, *slope;
  const T *scale, *offset, *tilt;  // dx = scale g - offset - (x - mean) tilt
};

// sums = {dgamma, dbeta, dslope (where there is one)}, each [channels].
template <typename T, bool kSlope>
void backward_sums(T* sums, const T* dy0, const T* x0, const BackwardChannels<T>& k, index_t rows,
                   index_t channels) {
  T *const dgamma = sums, *const dbeta = sums + channels, *const dslope = sums + 2 * channels;
  for (index_t c = 0; c < (kSlope ? 3 : 2) * channels; ++c) sums[c] = 0;
  const T *const mean = k.mean, *const rstd = k.rstd, *const gamma = k.gamma, *const beta = k.beta,
                 *const slope = k.slope;
  for (index_t r = 0; r < rows; ++r) {
    const T *const dy = dy0 + r * channels, *const x = x0 + r * channels;
#pragma omp simd
    for (index_t c = 0; c < channels; ++c) {
      const T h = (x[c] - mean[c]) * rstd[c];
      T g = dy[c];
      if constexpr (kSlope) {
        const T z = h * gamma[c] + beta[c];
        dslope[c] += z > 0 ? T(0) : g * z;
        g = z > 0 ? g : slope[c] * g;
      }
      dgamma[c] += g * h;
      dbeta[c] += g;
    }
  }
}

// `add0` null: nothing is added.
template <typename T, bool kSlope, bool kAdd>
void backward_rows(T* dx0, const T* add0, const T* dy0, const T* x0, const BackwardChannels<T>& k,
                   index_t rows, index_t channels) {
  const T *const mean = k.mean, *const rstd = k.rstd, *const gamma = k.gamma, *const beta = k.beta,
                 *const slope = k.slope, *const scale = k.scale, *const offset = k.offset,
                 *const tilt = k.tilt;
  for (index_t r = 0; r < rows; ++r) {
    T* const dx = dx0 + r * channels;
    const T *const dy = dy0 + r * channels, *const x = x0 + r * channels;
    const T* const add = kAdd ? add0 + r * channels : nullptr;
#pragma omp simd
    for (index_t c = 0; c < channels; ++c) {
      const T centred = x[c] - mean[c];
      T g = dy[c];
      if constexpr (kSlope) {
        const T z = centred * rstd[c] * gamma[c] + beta[c];
        g = z > 0 ? g : slope[c] * g;
      }
      T d = scale[c] * g - offset[c] - centred * tilt[c];
      if constexpr (kAdd) d += add[c];
      dx[c] = d;
    }
  }
}

template <typename T>
void compute(Here, CpuQueue& queue, const BatchNormBackward<T>& a) {
  const index_t channels = a.channels, kinds = a.slope ? 3 : 2;
  const RowBlocks blocks(a.rows, channels);
  T* const partials = queue.shared_scratch<T>((blocks.count * kinds + 3) * channels);
  T* const scale = partials + blocks.count * kinds * channels;
  T *const offset = scale + channels, *const tilt = offset + channels;
  const BackwardChannels<T> k{a.mean, a.rstd, a.gamma, a.beta, a.slope, scale, offset, tilt};
  queue.parallel_for(blocks.count, [&](index_t block) {
    const index_t first = blocks.begin(block);
    (a.slope ? backward_sums<T, true>
             : backward_sums<T, false>)(partials + block * kinds * channels, a.dy + first * channels,
                                        a.x + first * channels, k, blocks.end(block) - first, channels);
  });
  // dx = gamma rstd (g - mean(g) - h mean(g h)), with mean(g) = dbeta / rows and mean(g h) = dgamma / rows.
  const double n = static_cast<double>(a.rows);
  sum_blocks(queue, partials, blocks.count, kinds * channels, [&](index_t i, double sum) {
    const index_t kind = i / channels, c = i - kind * channels;
    const double factor = static_cast<double>(a.gamma[c]) * a.rstd[c];
    if (kind == 0) {
      a.dgamma[c] = static_cast<T>(sum);
      scale[c] = static_cast<T>(factor);
      tilt[c] = static_cast<T>(factor * a.rstd[c] * sum / n);
    } else if (kind == 1) {
      a.dbeta[c] = static_cast<T>(sum);
      offset[c] = static_cast<T>(factor * sum / n);
    } else {
      a.dslope[c] = static_cast<T>(sum);
    }
  });
  if (!a.dx) return;
  const auto rows_of = a.slope ? (a.dx_add ? backward_rows<T, true, true> : backward_rows<T, true, false>)
                               : (a.dx_add ? backward_rows<T, false, true> : backward_rows<T, false, false>);
  queue.parallel_for(blocks.count, [&](index_t block) {
    const index_t first = blocks.begin(block), start = first * channels;
    rows_of(a.dx + start, a.dx_add ? a.dx_add + start : nullptr, a.dy + start, a.x + start, k,
            blocks.end(block) - first, channels);
  });
}

}  // namespace poster::kernels::POSTER_ISA

namespace poster::kernels {

template struct CpuKernel<POSTER_ISA::Here, BatchNormForwardTrain<float>>;
template struct CpuKernel<POSTER_ISA::Here, BatchNormForwardTrain<double>>;
template struct CpuKernel<POSTER_ISA::Here, BatchNormForwardMoments<float>>;
template struct CpuKernel<POSTER_ISA::Here, BatchNormForwardMoments<double>>;
template struct CpuKernel<POSTER_ISA::Here, BatchNormForwardEval<float>>;
template struct CpuKernel<POSTER_ISA::Here, BatchNormForwardEval<double>>;
template struct CpuKernel<POSTER_ISA::Here, BatchNormBackward<float>>;
template struct CpuKernel<POSTER_ISA::Here, BatchNormBackward<double>>;

}  // namespace poster::kernels

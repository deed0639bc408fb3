#include "kernels/matmul/matmul.h"

#include "kernels/column_sum/column_sum.h"
#include "kernels/cpu/gemm.h"
#include "kernels/cpu/isa.h"

namespace poster::kernels {

extern template struct CpuKernel<POSTER_ISA::Here, ColumnSum<float>>;
extern template struct CpuKernel<POSTER_ISA::Here, ColumnSum<double>>;

}  // namespace poster::kernels

namespace poster::kernels::POSTER_ISA {
namespace {

constexpr index_t kEnoughTasks = 16;  // as many as keep a desktop's cores busy
constexpr index_t kMinSplit = 512;    // rows of k worth a task of their own

// How a product is cut into tasks: by its sizes alone, so that sums never depend on the number of threads.
struct Partition {
  index_t rows, columns, depth;             // of a task
  index_t row_parts, column_parts, splits;  // number of tasks each way
  index_t tasks() const { return row_parts * column_parts * splits; }
};

template <typename T>
Partition partition(const Matmul<T>& a) {
  Partition p{};
  p.rows = even_part(a.m, kBlockRows, kTileRows);
  p.row_parts = ceil_div(a.m, p.rows);
  index_t largest = 768;
  while (largest > 4 * kTileColumns<T> && p.row_parts * ceil_div(a.n, largest) < kEnoughTasks) largest /= 2;
  p.columns = even_part(a.n, largest, kTileColumns<T>);
  p.column_parts = ceil_div(a.n, p.columns);
  const index_t tiles = p.row_parts * p.column_parts;
  p.splits = std::max<index_t>(1, std::min(a.k / kMinSplit, ceil_div(kEnoughTasks, tiles)));
  p.depth = even_part(a.k, ceil_div(a.k, p.splits), 8);
  p.splits = ceil_div(a.k, p.depth);
  return p;
}

template <typename T>
MatrixView<T> view_a(const Matmul<T>& a) {
  return a.transpose_a ? MatrixView<T>{a.a, 1, a.lda} : MatrixView<T>{a.a, a.lda, 1};
}
template <typename T>
MatrixView<T> view_b(const Matmul<T>& a) {
  return a.transpose_b ? MatrixView<T>{a.b, 1, a.ldb} : MatrixView<T>{a.b, a.ldb, 1};
}

template <typename T>
void pack_b_in_parallel(CpuQueue& queue, index_t k, index_t n, MatrixView<T> b, T* out) {
  constexpr index_t width = kTileColumns<T>;
  const index_t panels = ceil_div(n, width);
  const index_t per_task = std::max<index_t>(1, 32768 / (k * width));
  queue.parallel_for(ceil_div(panels, per_task), [&](index_t task) {
    const index_t from = task * per_task * width;
    const index_t columns = std::min(per_task * width, n - from);
    pack_b<T>(k, columns, {b.p + from * b.column, b.row, b.column}, out + from * k);
  });
}

template <typename T>
void matmul_tiled(CpuQueue& queue, const Matmul<T>& a) {
  const Partition p = partition(a);
  const MatrixView<T> va = view_a(a), vb = view_b(a);
  const index_t b_size = round_up(packed_b_size<T>(a.k, a.n), 16);
  const index_t partial_size = a.m * a.n;
  T* const packed_b = queue.shared_scratch<T>(b_size + (p.splits > 1 ? p.splits * partial_size : 0));
  T* const partial = packed_b + b_size;
  pack_b_in_parallel(queue, a.k, a.n, vb, packed_b);

  queue.parallel_for(p.tasks(), [&](index_t task, int worker) {
    const index_t split = task % p.splits;
    const index_t j = task / p.splits % p.column_parts * p.columns;
    const index_t i = task / p.splits / p.column_parts * p.rows;
    const index_t rows = std::min(p.rows, a.m - i), columns = std::min(p.columns, a.n - j);
    const index_t k_end = std::min(a.k, (split + 1) * p.depth);
    T* const c = p.splits > 1 ? partial + split * partial_size + i * a.n + j : a.c + i * a.ldc + j;
    const index_t ldc = p.splits > 1 ? a.n : a.ldc;
    const index_t part_k = even_part(k_end - split * p.depth, kBlockK, 8);
    T* const packed_a =
        va.column == 1 ? nullptr : queue.worker_scratch<T>(worker, packed_a_size<T>(rows, part_k));
    Epilogue<T> end;
    if (p.splits == 1) end = {.bias = a.bias ? a.bias + j : nullptr, .add = a.accumulate};
    for (index_t l = split * p.depth; l < k_end; l += part_k) {
      const index_t depth = std::min(part_k, k_end - l);
      with_rows_of_a<T>(rows, depth, {va.p + i * va.row + l * va.column, va.row, va.column}, packed_a,
                        [&](auto a_tile) {
                          multiply_block<T>(
                              rows, columns, a_tile, packed_b + j * a.k + l * kTileColumns<T>,
                              a.k * kTileColumns<T>, [&](index_t r) { return c + r * ldc; }, end);
                        });
      end = {.add = true};
    }
  });

  if (p.splits == 1) return;
  const index_t rows_per_task = std::max<index_t>(1, 8192 / a.n);
  queue.parallel_for(ceil_div(a.m, rows_per_task), [&](index_t task) {
    const index_t i_end = std::min(a.m, (task + 1) * rows_per_task);
    for (index_t i = task * rows_per_task; i < i_end; ++i) {
      const T* const sums = partial + i * a.n;
      T* const c = a.c + i * a.ldc;
      for (index_t j = 0; j < a.n; ++j) {
        T sum = sums[j];
        for (index_t split = 1; split < p.splits; ++split) sum += sums[split * partial_size + j];
        if (a.bias) sum += a.bias[j];
        c[j] = a.accumulate ? c[j] + sum : sum;
      }
    }
  });
}

// Few rows against a transposed B: each element of B is used a few times only, so packing it would cost more
// than the product. Sums run along k in vectors.
constexpr index_t kFewRows = 16;
constexpr int kDotColumns = 4;

template <int kRows, typename T>
void dot_rows(const Matmul<T>& a, index_t i, index_t j) {
  constexpr int w = kWidth<T>;
  Vector<T> sum[kRows][kDotColumns] = {};
  T tail[kRows][kDotColumns] = {};
  const T* const x = a.a + i * a.lda;
  const T* const y = a.b + j * a.ldb;
  index_t l = 0;
  for (; l + w <= a.k; l += w) {
#pragma GCC unroll 4
    for (int c = 0; c < kDotColumns; ++c) {
      const Vector<T> b = load(y + c * a.ldb + l);
#pragma GCC unroll 4
      for (int r = 0; r < kRows; ++r) sum[r][c] += load(x + r * a.lda + l) * b;
    }
  }
  for (; l < a.k; ++l)
    for (int c = 0; c < kDotColumns; ++c)
      for (int r = 0; r < kRows; ++r) tail[r][c] += x[r * a.lda + l] * y[c * a.ldb + l];
  for (int r = 0; r < kRows; ++r)
    for (int c = 0; c < kDotColumns; ++c) {
      T total = tail[r][c];
      for (int e = 0; e < w; ++e) total += sum[r][c][e];
      if (a.bias) total += a.bias[j + c];
      T* const out = a.c + (i + r) * a.ldc + j + c;
      *out = a.accumulate ? *out + total : total;
    }
}

template <typename T>
void matmul_few_rows(CpuQueue& queue, const Matmul<T>& a) {
  const index_t groups = a.n / kDotColumns;
  const index_t per_task = std::max<index_t>(1, 16384 / (kDotColumns * a.k));
  queue.parallel_for(ceil_div(groups, per_task), [&](index_t task) {
    const index_t end = std::min(groups, (task + 1) * per_task);
    for (index_t group = task * per_task; group < end; ++group)
      for (index_t i = 0; i < a.m; i += 3)
        with_rows<3>(a.m - i, [&](auto rows) { dot_rows<rows>(a, i, group * kDotColumns); });
  });
}

}  // namespace

template <typename T>
void compute(Here, CpuQueue& queue, const Matmul<T>& a) {
  if (a.a_sums)
    CpuKernel<Here, ColumnSum<T>>::run(queue, {.out = a.a_sums, .x = a.a, .rows = a.k, .columns = a.m});
  if (a.m <= 0 || a.n <= 0) return;
  if (a.k <= 0) {
    for (index_t i = 0; i < a.m; ++i)
      for (index_t j = 0; j < a.n; ++j)
        a.c[i * a.ldc + j] = (a.bias ? a.bias[j] : T(0)) + (a.accumulate ? a.c[i * a.ldc + j] : T(0));
    return;
  }
  if (a.m <= kFewRows && !a.transpose_a && a.transpose_b && a.n % kDotColumns == 0)
    matmul_few_rows(queue, a);
  else
    matmul_tiled(queue, a);
}

}  // namespace poster::kernels::POSTER_ISA

namespace poster::kernels {

template struct CpuKernel<POSTER_ISA::Here, Matmul<float>>;
template struct CpuKernel<POSTER_ISA::Here, Matmul<double>>;

}  // namespace poster::kernels

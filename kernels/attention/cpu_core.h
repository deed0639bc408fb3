// One head of softmax attention on one core, shared by attention/cpu.cpp and window_attention/cpu.cpp: a
// block of query rows against all keys. To be included by *cpu.cpp files only.
//
//   p = softmax(scale q kᵀ + bias), out = p v
//   dv = pᵀ dout, ds = p (dout vᵀ - dot(dout, out)), dbias = ds, dq = scale ds k, dk = scale dsᵀ q
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>

#include "kernels/cpu/gemm.h"
#include "kernels/cpu/vector_math.h"
#include "kernels/cpu_queue.h"

namespace poster::kernels::POSTER_ISA {

// Query rows whose scores a task holds at once: enough to pay for packing the keys, few enough that the
// scores against 784 keys stay in the second-level cache. 48 to 96 are as fast.
constexpr index_t kQueryRows = 64;

// q, k and v of one head: row t is at p + t stride.
template <typename T>
struct AttentionHead {
  const T* q;
  const T* k;
  const T* v;
  index_t queries, keys, head_size;
  index_t q_stride, kv_stride;
  T scale;
  // This head's relative position table, backwards ([(2 window - 1)²], the last entry first), so that the
  // biases of one row of keys are a forward run; null for no bias.
  const T* bias = nullptr;
  index_t window = 0;
};

template <typename T>
struct AttentionHeadGradients {
  T* dq;  // rows as q; null when not wanted
  T* dk;  // rows as k
  T* dv;
  T* dbias;  // as bias, added to; null when there is no bias
  const T* dout;
  const T* out;
  index_t out_stride;  // of out and dout
  const T* lse;        // [queries]
  bool accumulate_dq;
};

inline index_t padded_to_cache_line(index_t elements) { return round_up(elements, 16); }

// Rows of each block but the last: equal parts rather than a short remainder, in whole register tiles.
inline index_t query_block(index_t queries) {
  return std::min(queries, even_part(queries, kQueryRows, kTileRows));
}

template <typename T>
index_t attention_gemm_scratch(index_t rows, index_t keys, index_t head_size, bool backward) {
  index_t count = std::max(gemm_scratch<T>(rows, keys, head_size), gemm_scratch<T>(rows, head_size, keys));
  if (backward) count = std::max(count, gemm_scratch<T>(keys, head_size, rows));
  return count;
}

// Elements of scratch that attend and attend_backward need, for blocks of up to `rows` rows.
template <typename T>
index_t attend_scratch(index_t rows, index_t keys, index_t head_size) {
  return rows * padded_to_cache_line(keys) + attention_gemm_scratch<T>(rows, keys, head_size, false);
}
template <typename T>
index_t attend_backward_scratch(index_t rows, index_t keys, index_t head_size) {
  return 2 * rows * padded_to_cache_line(keys) + attention_gemm_scratch<T>(rows, keys, head_size, true);
}

template <typename T>
T dot_product(index_t n, const T* a, const T* b) {
  T sum = 0;
#pragma omp simd reduction(+ : sum)
  for (index_t i = 0; i < n; ++i) sum += a[i] * b[i];
  return sum;
}

// Rows of a matrix, `stride` elements apart.
template <typename T>
struct RowsView {
  const T* p;
  index_t stride;
  MatrixView<T> matrix() const { return {p, stride, 1}; }
  MatrixView<T> transposed() const { return {p, 1, stride}; }
};

// out[rows, keys] = alpha a bᵀ, where a's and b's rows are n long. One row alone (the class token) reads b as
// it lies: there is nothing to win by packing it.
template <typename T>
void rows_times_transposed(index_t rows, index_t keys, index_t n, T alpha, RowsView<T> a, RowsView<T> b,
                           ProductView<T> out, T* scratch) {
  if (rows == 1) {
    for (index_t j = 0; j < keys; ++j) out.p[j] = alpha * dot_product(n, a.p, b.p + j * b.stride);
    return;
  }
  gemm_serial<T>(rows, keys, n, alpha, a.matrix(), b.transposed(), out, scratch);
}

// out[rows, n] = alpha p[rows, keys] b (+ out).
template <typename T>
void weighted_rows(index_t rows, index_t keys, index_t n, T alpha, RowsView<T> p, RowsView<T> b,
                   ProductView<T> out, T* scratch) {
  if (rows == 1) {
    T* const sum = out.p;
    if (!out.add) std::fill_n(sum, n, T(0));
    for (index_t j = 0; j < keys; ++j) {
      const T weight = alpha * p.p[j];
      const T* row = b.p + j * b.stride;
#pragma omp simd
      for (index_t c = 0; c < n; ++c) sum[c] += weight * row[c];
    }
    return;
  }
  gemm_serial<T>(rows, n, keys, alpha, p.matrix(), b.matrix(), out, scratch);
}

// out[keys, n] = alpha p[rows, keys]ᵀ a (+ out).
template <typename T>
void transposed_times_rows(index_t rows, index_t keys, index_t n, T alpha, RowsView<T> p, RowsView<T> a,
                           ProductView<T> out, T* scratch) {
  if (rows == 1 && !out.add) {
    const T* const from = a.p;
    for (index_t j = 0; j < keys; ++j) {
      const T weight = alpha * p.p[j];
      T* row = out.p + j * out.row;
#pragma omp simd
      for (index_t c = 0; c < n; ++c) row[c] = weight * from[c];
    }
    return;
  }
  gemm_serial<T>(keys, n, rows, alpha, p.transposed(), a.matrix(), out, scratch);
}

// Where the biases of query i against key row 0 begin in the backward table; each next row of keys is
// 2 window - 1 further on.
inline index_t first_bias(index_t query, index_t window) {
  const index_t row = query / window, column = query % window;
  return (window - 1 - row) * (2 * window - 1) + window - 1 - column;
}

template <typename T>
void add_bias(const AttentionHead<T>& head, index_t query, T* scores) {
  const T* bias = head.bias + first_bias(query, head.window);
  for (index_t row = 0; row < head.window; ++row, bias += 2 * head.window - 1, scores += head.window) {
#pragma omp simd
    for (index_t c = 0; c < head.window; ++c) scores[c] += bias[c];
  }
}

template <typename T>
void add_bias_gradient(const AttentionHead<T>& head, index_t query, const T* ds, T* dbias) {
  dbias += first_bias(query, head.window);
  for (index_t row = 0; row < head.window; ++row, dbias += 2 * head.window - 1, ds += head.window) {
#pragma omp simd
    for (index_t c = 0; c < head.window; ++c) dbias[c] += ds[c];
  }
}

// scores[rows, keys] (rows ld apart) of queries first, first + 1, ...
template <typename T>
void attention_scores(const AttentionHead<T>& head, index_t first, index_t rows, T* scores, index_t ld,
                      T* scratch) {
  rows_times_transposed<T>(rows, head.keys, head.head_size, head.scale,
                           {head.q + first * head.q_stride, head.q_stride}, {head.k, head.kv_stride},
                           {scores, ld}, scratch);
  if (head.bias)
    for (index_t i = 0; i < rows; ++i) add_bias(head, first + i, scores + i * ld);
}

// A NaN may be passed over here: the exponentials' sum finds it.
template <typename T>
T largest(index_t n, const T* x) {
  T most = -std::numeric_limits<T>::infinity();
#pragma omp simd reduction(max : most)
  for (index_t i = 0; i < n; ++i) most = x[i] > most ? x[i] : most;
  return most;
}

// Queries [first, first + rows). out and lse (null when not wanted) point at query `first`.
template <typename T>
void attend(const AttentionHead<T>& head, index_t first, index_t rows, T* out, index_t out_stride, T* lse,
            T* scratch) {
  const index_t keys = head.keys, n = head.head_size, ld = padded_to_cache_line(keys);
  T* scores = scratch;
  T* gemm = scratch + rows * ld;
  attention_scores(head, first, rows, scores, ld, gemm);
  for (index_t i = 0; i < rows; ++i) {
    T* p = scores + i * ld;
    const T most = largest(keys, p);
    T sum = 0;
#pragma omp simd reduction(+ : sum)
    for (index_t j = 0; j < keys; ++j) {
      const T e = fast_exp(p[j] - most);
      p[j] = e;
      sum += e;
    }
    if (lse) lse[i] = most + std::log(sum);
    const T inverse = 1 / sum;
#pragma omp simd
    for (index_t j = 0; j < keys; ++j) p[j] *= inverse;
  }
  weighted_rows<T>(rows, keys, n, 1, {scores, ld}, {head.v, head.kv_stride}, {out, out_stride}, gemm);
}

// Queries [first, first + rows) of the head whose gradients are g; the pointers of both are at query 0. The
// block with first = 0 overwrites dk and dv, and the following ones, in order, add to them.
template <typename T>
void attend_backward(const AttentionHead<T>& head, const AttentionHeadGradients<T>& g, index_t first,
                     index_t rows, T* scratch) {
  const index_t keys = head.keys, n = head.head_size, ld = padded_to_cache_line(keys);
  T* p = scratch;
  T* ds = scratch + rows * ld;
  T* gemm = scratch + 2 * rows * ld;
  const T* q = head.q + first * head.q_stride;
  const T* out = g.out + first * g.out_stride;
  const T* dout = g.dout + first * g.out_stride;
  attention_scores(head, first, rows, p, ld, gemm);
  rows_times_transposed<T>(rows, keys, n, 1, {dout, g.out_stride}, {head.v, head.kv_stride}, {ds, ld}, gemm);
  for (index_t i = 0; i < rows; ++i) {
    const T mean = dot_product(n, out + i * g.out_stride, dout + i * g.out_stride);
    const T lse = g.lse[first + i];
    T* p_row = p + i * ld;
    T* ds_row = ds + i * ld;
#pragma omp simd
    for (index_t j = 0; j < keys; ++j) {
      const T e = fast_exp(p_row[j] - lse);
      p_row[j] = e;
      ds_row[j] = e * (ds_row[j] - mean);
    }
    if (g.dbias) add_bias_gradient(head, first + i, ds_row, g.dbias);
  }
  const bool add = first != 0;
  transposed_times_rows<T>(rows, keys, n, 1, {p, ld}, {dout, g.out_stride}, {g.dv, head.kv_stride, add},
                           gemm);
  transposed_times_rows<T>(rows, keys, n, head.scale, {ds, ld}, {q, head.q_stride},
                           {g.dk, head.kv_stride, add}, gemm);
  if (g.dq)
    weighted_rows<T>(rows, keys, n, head.scale, {ds, ld}, {head.k, head.kv_stride},
                     {g.dq + first * head.q_stride, head.q_stride, g.accumulate_dq}, gemm);
}

// All queries of a head, in blocks, in order.
template <typename T>
void attend_backward(const AttentionHead<T>& head, const AttentionHeadGradients<T>& g, T* scratch) {
  const index_t block = query_block(head.queries);
  for (index_t first = 0; first < head.queries; first += block)
    attend_backward(head, g, first, std::min(block, head.queries - first), scratch);
}

}  // namespace poster::kernels::POSTER_ISA

// Layer normalisation over the last dimension: y = gamma (x - mean) rstd + beta, rstd = 1 / sqrt(variance +
// eps). Source: Ba et al., "Layer Normalization", 2016. Two passes, never E[x²] - E[x]². Deterministic. On
// CUDA sums are taken in float.
#pragma once

#include "kernels/op.h"

namespace poster::kernels {

template <typename T>
struct LayerNormForward {
  static constexpr const char* name = "layer_norm_forward";
  T* y;
  acc_t<T>* mean;  // of each row, saved for backward; null (with rstd) when that is not wanted
  acc_t<T>* rstd;
  const T* x;  // saved for backward by the caller
  const acc_t<T>* gamma;
  const acc_t<T>* beta;
  index_t rows, columns;
  double eps = 1e-5;

  constexpr void operands(OperandTable& table) const {
    table.out("y", y, {rows, columns});
    table.out("mean", mean, {rows}).optional();
    table.out("rstd", rstd, {rows}).optional();
    table.in("x", x, {rows, columns});
    table.in("gamma", gamma, {columns});
    table.in("beta", beta, {columns});
    table.require(!mean == !rstd, "mean and rstd are given together");
  }
};

// Of the end of a residual branch (kernels/residual/residual.h), for [batch, rows, columns]:
//
//   sum = x + keep[n] (scale ⊙ f),   y = layer norm of sum as memory holds it
//
// Gradients: those of the norm, and of the branch.
template <typename T>
struct LayerNormForwardOfSum {
  static constexpr const char* name = "layer_norm_forward_of_sum";
  T* y;
  T* sum;          // saved for the norm's backward by the caller
  acc_t<T>* mean;  // of each row, saved for backward; null (with rstd) when that is not wanted
  acc_t<T>* rstd;
  const T* x;
  const T* f;
  const acc_t<T>* scale = nullptr;  // null for 1
  const acc_t<T>* keep = nullptr;   // null for 1
  const acc_t<T>* gamma;
  const acc_t<T>* beta;
  index_t batch, rows, columns;
  double eps = 1e-5;

  // What follows the sum.
  constexpr LayerNormForward<T> norm() const {
    return {.y = y,
            .mean = mean,
            .rstd = rstd,
            .x = sum,
            .gamma = gamma,
            .beta = beta,
            .rows = batch * rows,
            .columns = columns,
            .eps = eps};
  }

  constexpr void operands(OperandTable& table) const {
    table.out("y", y, {batch, rows, columns});
    table.out("sum", sum, {batch, rows, columns}).may_be(x, f);
    table.out("mean", mean, {batch * rows}).optional();
    table.out("rstd", rstd, {batch * rows}).optional();
    table.in("x", x, {batch, rows, columns});
    table.in("f", f, {batch, rows, columns});
    table.in("scale", scale, {columns}).optional();
    table.in("keep", keep, {batch}).optional();
    table.in("gamma", gamma, {columns});
    table.in("beta", beta, {columns});
    table.require(!mean == !rstd, "mean and rstd are given together");
  }
};

template <typename T>
struct LayerNormBackward {
  static constexpr const char* name = "layer_norm_backward";
  T* dx;
  const T* dx_add = nullptr;  // added to dx: the gradient of a residual around the norm
  acc_t<T>* dgamma;
  acc_t<T>* dbeta;
  const T* dy;
  const T* x;
  const acc_t<T>* mean;
  const acc_t<T>* rstd;
  const acc_t<T>* gamma;
  index_t rows, columns;

  constexpr void operands(OperandTable& table) const {
    table.out("dx", dx, {rows, columns}).may_be(dy, dx_add);
    table.in("dx_add", dx_add, {rows, columns}).optional();
    table.out("dgamma", dgamma, {columns});
    table.out("dbeta", dbeta, {columns});
    table.in("dy", dy, {rows, columns});
    table.in("x", x, {rows, columns});
    table.in("mean", mean, {rows});
    table.in("rstd", rstd, {rows}).positive();
    table.in("gamma", gamma, {columns});
  }
};

}  // namespace poster::kernels

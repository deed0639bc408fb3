// Batch normalisation over the channels of N H W C maps seen as [rows, channels], with what usually follows
// it fused in. Source: Ioffe & Szegedy, "Batch Normalization", ICML 2015; PReLU: He et al., ICCV 2015.
// PyTorch's conventions.
//
//   z = gamma (x - mean) rstd + beta,   rstd = 1 / sqrt(variance + eps)
//   y = prelu(z, slope) + residual      (slope null: no PReLU; residual null: nothing added)
//
// Train mode takes mean and (biased) variance from the batch, by two passes (never E[x²] - E[x]²), and moves
// the running statistics `updates` times: r = (1 - momentum) r + momentum b, with b the mean or the unbiased
// variance. A network that sees the same batch twice in a step asks for two updates. y may be x where nothing
// is kept for backward. Deterministic: sums are taken over fixed blocks of rows.
//
// Where another batch norm comes next, the moments of y as memory holds it, its mean and the sum of its
// squared differences from that, are summed while y is written: BatchNormForwardMoments takes them and needs
// one pass over its x in place of two.
#pragma once

#include "kernels/op.h"

namespace poster::kernels {

template <typename T>
struct BatchNormForwardTrain {
  static constexpr const char* name = "batch_norm_forward_train";
  T* y;
  acc_t<T>* mean;  // of the batch, saved for backward
  acc_t<T>* rstd;
  acc_t<T>* running_mean;
  acc_t<T>* running_var;
  const T* x;  // saved for backward by the caller
  const acc_t<T>* gamma;
  const acc_t<T>* beta;
  const acc_t<T>* slope = nullptr;
  const T* residual = nullptr;
  double* y_mean = nullptr;  // of y; null (with y_squares) when they are not wanted
  double* y_squares = nullptr;
  index_t rows, channels;
  double eps = 1e-5, momentum = 0.1;
  int updates = 1;

  constexpr void operands(OperandTable& table) const {
    table.out("y", y, {rows, channels}).may_be(x);
    table.out("mean", mean, {channels});
    table.out("rstd", rstd, {channels});
    table.update("running_mean", running_mean, {channels});
    table.update("running_var", running_var, {channels}).positive();
    table.in("x", x, {rows, channels}).in_passes(2);
    table.in("gamma", gamma, {channels});
    table.in("beta", beta, {channels});
    table.in("slope", slope, {channels}).optional();
    table.in("residual", residual, {rows, channels}).optional();
    table.out("y_mean", y_mean, {channels}).optional();
    table.out("y_squares", y_squares, {channels}).optional();
    table.require(!y_mean == !y_squares, "y_mean and y_squares are given together");
    table.require(rows >= 2, "the statistics of a batch need at least 2 rows");
    table.require(channels >= 1, "channels must be at least 1");
    table.require(updates >= 0, "updates must be at least 0");
  }
};

// The same for an x whose moments are known. Without PReLU and residual.
template <typename T>
struct BatchNormForwardMoments {
  static constexpr const char* name = "batch_norm_forward_moments";
  T* y;
  acc_t<T>* mean;  // saved for backward
  acc_t<T>* rstd;
  acc_t<T>* running_mean;
  acc_t<T>* running_var;
  const T* x;  // saved for backward by the caller
  const double* x_mean;
  const double* x_squares;
  const acc_t<T>* gamma;
  const acc_t<T>* beta;
  index_t rows, channels;
  double eps = 1e-5, momentum = 0.1;
  int updates = 1;

  constexpr void operands(OperandTable& table) const {
    table.out("y", y, {rows, channels}).may_be(x);
    table.out("mean", mean, {channels});
    table.out("rstd", rstd, {channels});
    table.update("running_mean", running_mean, {channels});
    table.update("running_var", running_var, {channels}).positive();
    table.in("x", x, {rows, channels});
    table.in("x_mean", x_mean, {channels});
    table.in("x_squares", x_squares, {channels}).positive();
    table.in("gamma", gamma, {channels});
    table.in("beta", beta, {channels});
    table.require(rows >= 2, "the statistics of a batch need at least 2 rows");
    table.require(channels >= 1, "channels must be at least 1");
    table.require(updates >= 0, "updates must be at least 0");
  }
};

template <typename T>
struct BatchNormForwardEval {
  static constexpr const char* name = "batch_norm_forward_eval";
  T* y;
  const T* x;
  const acc_t<T>* running_mean;
  const acc_t<T>* running_var;
  const acc_t<T>* gamma;
  const acc_t<T>* beta;
  const acc_t<T>* slope = nullptr;
  const T* residual = nullptr;
  index_t rows, channels;
  double eps = 1e-5;

  constexpr void operands(OperandTable& table) const {
    table.out("y", y, {rows, channels}).may_be(x);
    table.in("x", x, {rows, channels});
    table.in("running_mean", running_mean, {channels});
    table.in("running_var", running_var, {channels}).positive();
    table.in("gamma", gamma, {channels});
    table.in("beta", beta, {channels});
    table.in("slope", slope, {channels}).optional();
    table.in("residual", residual, {rows, channels}).optional();
    table.require(channels >= 1, "channels must be at least 1");
  }
};

// Of train mode. The gradient of the residual is dy itself. dx gets what else flows into x added, so that the
// gradients of two branches meet in one pass.
template <typename T>
struct BatchNormBackward {
  static constexpr const char* name = "batch_norm_backward";
  T* dx;                      // null when nobody wants it
  const T* dx_add = nullptr;  // added to dx: the gradient of a branch around the norm
  acc_t<T>* dgamma;
  acc_t<T>* dbeta;
  acc_t<T>* dslope = nullptr;
  const T* dy;
  const T* x;
  const acc_t<T>* mean;
  const acc_t<T>* rstd;
  const acc_t<T>* gamma;
  const acc_t<T>* beta;
  const acc_t<T>* slope = nullptr;
  index_t rows, channels;

  constexpr void operands(OperandTable& table) const {
    table.out("dx", dx, {rows, channels}).optional().may_be(dy, dx_add);
    table.out("dgamma", dgamma, {channels});
    table.out("dbeta", dbeta, {channels});
    table.out("dslope", dslope, {channels}).optional();
    table.in("dy", dy, {rows, channels}).in_passes(dx ? 2 : 1);
    table.in("x", x, {rows, channels}).in_passes(dx ? 2 : 1);
    table.in("mean", mean, {channels});
    table.in("rstd", rstd, {channels}).positive();
    table.in("gamma", gamma, {channels});
    table.in("beta", beta, {channels});
    table.in("slope", slope, {channels}).optional();
    table.in("dx_add", dx_add, {rows, channels}).optional();
    table.require(channels >= 1, "channels must be at least 1");
    table.require(!slope == !dslope, "dslope is given exactly when slope is");
  }
};

}  // namespace poster::kernels

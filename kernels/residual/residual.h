// Layer scale, drop path and residual in one: y = x + keep[n] (gamma ⊙ f), for [batch, rows, channels].
// Sources: Touvron et al., "Going deeper with Image Transformers", ICCV 2021 (layer scale); Huang et al.,
// "Deep Networks with Stochastic Depth", ECCV 2016 (drop path). The gradient of x is dy itself.
// Deterministic.
#pragma once

#include "kernels/op.h"

namespace poster::kernels {

template <typename T>
struct ResidualForward {
  static constexpr const char* name = "residual_forward";
  T* y;
  const T* x;
  const T* f;                       // saved for backward by the caller when gamma is given
  const acc_t<T>* gamma = nullptr;  // null for 1
  const acc_t<T>* keep = nullptr;   // 0 for a dropped sample, else 1 / keep probability; null for 1
  index_t batch, rows, channels;

  constexpr void operands(OperandTable& table) const {
    table.out("y", y, {batch, rows, channels}).may_be(x, f);
    table.in("x", x, {batch, rows, channels});
    table.in("f", f, {batch, rows, channels});
    table.in("gamma", gamma, {channels}).optional();
    table.in("keep", keep, {batch}).optional();
  }
};

// df = keep gamma dy.
template <typename T>
struct ResidualBackward {
  static constexpr const char* name = "residual_backward";
  T* df;
  acc_t<T>* dgamma = nullptr;
  const T* dy;
  const T* f = nullptr;
  const acc_t<T>* gamma = nullptr;
  const acc_t<T>* keep = nullptr;
  index_t batch, rows, channels;

  constexpr void operands(OperandTable& table) const {
    table.out("df", df, {batch, rows, channels});
    table.out("dgamma", dgamma, {channels}).optional();
    table.in("dy", dy, {batch, rows, channels});
    table.in("f", f, {batch, rows, channels}).optional();
    table.in("gamma", gamma, {channels}).optional();
    table.in("keep", keep, {batch}).optional();
    table.require(!dgamma == !gamma && !f == !gamma, "dgamma, f and gamma are given together");
  }
};

// Per-sample keep factors: 1 / (1 - rate) with probability 1 - rate, else 0, from the Philox stream (seed,
// call, layer).
template <typename T>
struct DropPathMask {
  static constexpr const char* name = "drop_path_mask";
  T* keep;
  index_t batch;
  double rate;  // in [0, 1)
  std::uint64_t seed, layer;
  const std::uint64_t* call;

  constexpr void operands(OperandTable& table) const {
    table.out("keep", keep, {batch});
    table.in("call", call, {1});
    table.require(rate >= 0 && rate < 1, "rate must be in [0, 1)");
  }
};

// out = a + b, elementwise.
template <typename T>
struct Add {
  static constexpr const char* name = "add";
  T* out;
  const T* a;
  const T* b;
  index_t count;

  constexpr void operands(OperandTable& table) const {
    table.out("out", out, {count}).may_be(a, b);
    table.in("a", a, {count});
    table.in("b", b, {count});
  }
};

}  // namespace poster::kernels

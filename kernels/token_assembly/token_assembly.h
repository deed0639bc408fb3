// Tokens of three levels in a row behind the class token, plus the position embedding:
//
//   y[b] = concat(cls, levels[0][b], levels[1][b], levels[2][b]) + position
#pragma once

#include "kernels/op.h"

namespace poster::kernels {

template <typename T>
struct TokenAssembly {
  static constexpr const char* name = "token_assembly";
  T* y;
  const T* levels[3];
  const acc_t<T>* cls;
  const acc_t<T>* position;
  index_t batch, tokens, channels;  // tokens: of one level

  constexpr void operands(OperandTable& table) const {
    table.out("y", y, {batch, 1 + 3 * tokens, channels});
    table.in("levels[0]", levels[0], {batch, tokens, channels});
    table.in("levels[1]", levels[1], {batch, tokens, channels});
    table.in("levels[2]", levels[2], {batch, tokens, channels});
    table.in("cls", cls, {channels});
    table.in("position", position, {1 + 3 * tokens, channels});
  }
};

template <typename T>
struct TokenAssemblyBackward {
  static constexpr const char* name = "token_assembly_backward";
  T* dlevels[3];
  acc_t<T>* dcls;
  acc_t<T>* dposition;
  const T* dy;
  index_t batch, tokens, channels;

  constexpr void operands(OperandTable& table) const {
    table.out("dlevels[0]", dlevels[0], {batch, tokens, channels});
    table.out("dlevels[1]", dlevels[1], {batch, tokens, channels});
    table.out("dlevels[2]", dlevels[2], {batch, tokens, channels});
    table.out("dcls", dcls, {channels});
    table.out("dposition", dposition, {1 + 3 * tokens, channels});
    table.in("dy", dy, {batch, 1 + 3 * tokens, channels});
  }
};

}  // namespace poster::kernels

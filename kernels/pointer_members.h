// How many pointers an argument struct has, found at compile time: so that none can be forgotten in its table
// of operands. Pointers in arrays count one each; those in structs inside don't count, so there are none.
#pragma once

#include <cstddef>
#include <utility>

#include "kernels/operands.h"

namespace poster::kernels {
namespace probe {

struct Anything {
  template <typename T>
  constexpr operator T() const;
};
struct AnyPointer {
  template <typename T>
  constexpr operator T*() const;
};

template <typename Struct, std::size_t... before, std::size_t... after, typename... Member>
constexpr bool takes(std::index_sequence<before...>, std::index_sequence<after...>, Member... member) {
  return requires { Struct{(void(before), Anything())..., member..., (void(after), Anything())...}; };
}

// Members, those of arrays counted one by one.
template <typename Struct, std::size_t count = 48>
constexpr std::size_t members() {
  if constexpr (takes<Struct>(std::make_index_sequence<count>(), std::index_sequence<>()))
    return count;
  else
    return members<Struct, count - 1>();
}

template <typename Struct, std::size_t... i>
constexpr int pointers(std::index_sequence<i...>) {
  return (0 + ... +
          takes<Struct>(std::make_index_sequence<i>(), std::make_index_sequence<sizeof...(i) - 1 - i>(),
                        AnyPointer()));
}

}  // namespace probe

// Whether the table of an op has a row for each of the op's pointers, and no pointer twice.
template <typename Op>
constexpr bool lists_every_pointer() {
  const Op op{};
  OperandTable table;
  op.operands(table);
  for (const Operand& a : table)
    for (const Operand& b : table)
      if (&a != &b && a.member == b.member) return false;
  return table.size() == probe::pointers<Op>(std::make_index_sequence<probe::members<Op>()>());
}

}  // namespace poster::kernels

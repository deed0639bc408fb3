// How many members an aggregate has: the greatest number of values that it can be initialised with. What a
// table of them leaves out is found so.
#pragma once

#include <cstddef>
#include <utility>

namespace poster::test {

struct AnyValue {
  template <typename T>
  operator T() const;  // never defined: nothing is evaluated
};

template <typename S, std::size_t... Index>
constexpr bool takes_values(std::index_sequence<Index...>) {
  return requires { S{(static_cast<void>(Index), AnyValue{})...}; };
}

template <typename S, std::size_t kMax = 64>
constexpr std::size_t member_count() {
  if constexpr (takes_values<S>(std::make_index_sequence<kMax>()))
    return kMax;
  else
    return member_count<S, kMax - 1>();
}

}  // namespace poster::test

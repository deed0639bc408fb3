// Adding gradients where branches meet; see kernels/residual/residual.h.
#pragma once

#include "engine/context.h"
#include "kernels/residual/residual.h"

namespace poster {

// a += b.
template <typename T>
void add_in_place(Context<T>& c, const Tensor<T>& a, const Tensor<T>& b) {
  c.run([&](auto& queue) {
    kernels::run(queue, kernels::Add<T>{.out = a.data(), .a = a.data(), .b = b.data(), .count = a.count()});
  });
}

}  // namespace poster

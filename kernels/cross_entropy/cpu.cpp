#include "kernels/cross_entropy/cross_entropy.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "kernels/cpu/isa.h"
#include "kernels/cpu/vector_math.h"

namespace poster::kernels::POSTER_ISA {

template <typename T>
void compute(Here, CpuQueue& queue, const CrossEntropy<T>& a) {
  const T hit = static_cast<T>(1 - a.smoothing), miss = static_cast<T>(a.smoothing / a.classes);
  const double dx_scale = a.dx_scale ? *a.dx_scale : 1;
  const T weight = static_cast<T>(a.weight), dx_weight = static_cast<T>(dx_scale * a.weight / a.batch);
  const index_t per_task = std::max<index_t>(1, 4096 / a.classes);
  queue.parallel_for(ceil_div(a.batch, per_task), [&](index_t task) {
    const index_t end = std::min(a.batch, (task + 1) * per_task);
    for (index_t n = task * per_task; n < end; ++n) {
      const T* x = a.x + n * a.classes;
      const index_t label = a.labels[n];
      // A NaN may be passed over here: the sums find it.
      T most = -std::numeric_limits<T>::infinity();
      for (index_t c = 0; c < a.classes; ++c) most = x[c] > most ? x[c] : most;
      T sum = 0, shifted = 0;
      for (index_t c = 0; c < a.classes; ++c) {
        sum += fast_exp(x[c] - most);
        shifted += x[c] - most;
      }
      a.losses[n] = weight * (std::log(sum) - hit * (x[label] - most) - miss * shifted);
      if (!a.dx) continue;
      T* dx = a.dx + n * a.classes;
      for (index_t c = 0; c < a.classes; ++c)
        dx[c] = dx_weight * (fast_exp(x[c] - most) / sum - miss - (c == label ? hit : T(0)));
    }
  });
}

}  // namespace poster::kernels::POSTER_ISA

namespace poster::kernels {

template struct CpuKernel<POSTER_ISA::Here, CrossEntropy<float>>;
template struct CpuKernel<POSTER_ISA::Here, CrossEntropy<double>>;

}  // namespace poster::kernels

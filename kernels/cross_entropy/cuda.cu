// A warp takes a sample.
#include "kernels/cross_entropy/cross_entropy.h"

#include "kernels/cuda/kernel.cuh"
#include "kernels/cuda/reduce.cuh"
#include "kernels/cuda/vector.cuh"

namespace poster::kernels {
namespace {

constexpr int kWarps = 4;

template <typename T>
__global__ void __launch_bounds__(32 * kWarps)
    cross_entropy_kernel(CrossEntropy<T> a, float hit, float miss, double dx_weight) {
  const index_t n = static_cast<index_t>(blockIdx.x) * kWarps + warp_index();
  if (n >= a.batch) return;
  const T* const x = a.x + n * a.classes;
  const index_t label = a.labels[n];
  float most = -INFINITY;  // a NaN may be passed over here: the sums find it
  for (index_t c = lane_index(); c < a.classes; c += 32) {
    const float value = to_float(x[c]);
    most = value > most ? value : most;
  }
  most = warp_max(most);
  float sum = 0, shifted = 0;
  for (index_t c = lane_index(); c < a.classes; c += 32) {
    const float value = to_float(x[c]) - most;
    sum += expf(value);
    shifted += value;
  }
  sum = warp_sum(sum);
  shifted = warp_sum(shifted);
  const bool known = label >= 0 && label < a.classes;
  if (lane_index() == 0)
    a.losses[n] = known ? static_cast<float>(a.weight) *
                              (logf(sum) - hit * (to_float(x[label]) - most) - miss * shifted)
                        : NAN;
  if (!a.dx) return;
  __syncwarp();  // dx may be x
  const float weight = known ? static_cast<float>(a.dx_scale ? *a.dx_scale * dx_weight : dx_weight) : NAN;
  T* const dx = a.dx + n * a.classes;
  for (index_t c = lane_index(); c < a.classes; c += 32)
    dx[c] = from_float<T>(weight * (expf(to_float(x[c]) - most) / sum - miss - (c == label ? hit : 0)));
}

}  // namespace

template <typename T>
void compute(CudaQueue& queue, const CrossEntropy<T>& a) {
  launch(queue, a.name, cross_entropy_kernel<T>, blocks_for(a.batch, kWarps), 32 * kWarps, 0, a,
         static_cast<float>(1 - a.smoothing),
         static_cast<float>(a.smoothing / static_cast<double>(a.classes)),
         a.weight / static_cast<double>(a.batch));
}

template struct CudaKernel<CrossEntropy<float>>;
template struct CudaKernel<CrossEntropy<Half>>;

}  // namespace poster::kernels

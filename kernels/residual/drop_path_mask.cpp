#include "kernels/residual/drop_path_mask.h"

#include "kernels/philox.h"

namespace poster::kernels {

template <typename T>
void draw_drop_path_mask(const DropPathMask<T>& a) {
  const T kept = static_cast<T>(1 / (1 - a.rate));
  for (index_t n = 0; n < a.batch; ++n)
    a.keep[n] =
        drop_path_keeps(a.seed, *a.call, a.layer, static_cast<std::uint32_t>(n), a.rate) ? kept : T(0);
}

template void draw_drop_path_mask(const DropPathMask<float>&);
template void draw_drop_path_mask(const DropPathMask<double>&);

}  // namespace poster::kernels

// Compiled once: philox.h's functions are shared with other sources, and a copy compiled for a wider
// instruction set could be picked by the linker for everyone.
#include "kernels/philox.h"
#include "kernels/residual/residual.h"

namespace poster::kernels {

template <typename T>
void drop_path_mask(CpuQueue&, const DropPathMask<T>& a) {
  const T kept = static_cast<T>(1 / (1 - a.rate));
  for (index_t n = 0; n < a.batch; ++n)
    a.keep[n] =
        drop_path_keeps(a.seed, *a.call, a.layer, static_cast<std::uint32_t>(n), a.rate) ? kept : T(0);
}

template void drop_path_mask<float>(CpuQueue&, const DropPathMask<float>&);
template void drop_path_mask<double>(CpuQueue&, const DropPathMask<double>&);

}  // namespace poster::kernels

#include "kernels/cpu/conv2d.h"

namespace poster::kernels::POSTER_ISA {

bool winograd_3x3(CpuQueue&, const Winograd3x3&, Conv2dAccuracy) { return false; }

}  // namespace poster::kernels::POSTER_ISA

// Compiled once: philox.h's functions are shared with other sources, and a copy compiled for a wider
// instruction set could be picked by the linker for everyone.
#pragma once

#include "kernels/residual/residual.h"

namespace poster::kernels {

template <typename T>
void draw_drop_path_mask(const DropPathMask<T>& a);

}  // namespace poster::kernels

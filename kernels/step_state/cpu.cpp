#include "kernels/cpu/isa.h"
#include "kernels/step_state/step_state.h"

namespace poster::kernels::POSTER_ISA {

inline void compute(Here, CpuQueue&, const StepControl& a) { take_step_action_on_host(a); }

}  // namespace poster::kernels::POSTER_ISA

namespace poster::kernels {

template struct CpuKernel<POSTER_ISA::Here, StepControl>;

}  // namespace poster::kernels

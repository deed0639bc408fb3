#include "kernels/cpu/isa.h"

#include <string_view>

#include "kernels/environment.h"

namespace poster::kernels {
namespace {

Isa best_of_machine() {
#if defined(__x86_64__) && !defined(POSTER_BASELINE_ONLY)
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") &&
      __builtin_cpu_supports("avx512vl"))
    return Isa::avx512;
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi2"))
    return Isa::avx2;
#endif
  return Isa::baseline;
}

Isa choose() {
  const Isa best = best_of_machine();
  const char* wanted = environment(Variable::isa);
  if (!wanted) return best;
  for (Isa isa : {Isa::baseline, Isa::avx2, Isa::avx512})
    if (std::string_view(wanted) == isa_name(isa)) return isa < best ? isa : best;
  return best;
}

}  // namespace

Isa cpu_isa() {
  static const Isa isa = choose();
  return isa;
}

const char* isa_name(Isa isa) {
  switch (isa) {
    case Isa::avx512:
      return "avx512";
    case Isa::avx2:
      return "avx2";
    default:
      return "baseline";
  }
}

}  // namespace poster::kernels

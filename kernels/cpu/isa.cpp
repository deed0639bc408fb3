#include "kernels/cpu/isa.h"

#include <string_view>

#include "kernels/environment.h"

namespace poster::kernels {
namespace {

bool machine_has(Isa isa) {
#if defined(__x86_64__)
  if (isa == Isa::avx512)
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") &&
           __builtin_cpu_supports("avx512vl");
  if (isa == Isa::avx2)
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi2");
#endif
  return isa == Isa::baseline;
}

// Not above `most`.
Isa best_of_machine(Isa most) {
  Isa best = Isa::baseline;
  for (Isa isa : {
#if !defined(POSTER_WITHOUT_AVX2)
         Isa::avx2,
#endif
#if !defined(POSTER_WITHOUT_AVX512)
             Isa::avx512,
#endif
             Isa::baseline
       })
    if (isa <= most && isa > best && machine_has(isa)) best = isa;
  return best;
}

Isa choose() {
  const char* wanted = environment(Variable::isa);
  for (Isa isa : {Isa::baseline, Isa::avx2, Isa::avx512})
    if (wanted && std::string_view(wanted) == isa_name(isa)) return best_of_machine(isa);
  return best_of_machine(Isa::avx512);
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

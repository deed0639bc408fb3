// The instruction sets that the CPU's kernels are built for.
#pragma once

namespace poster::kernels {

enum class Isa { baseline, avx2, avx512 };

// The best instruction set that both this machine and this build have. The environment variable POSTER_ISA
// (baseline, avx2, avx512) lowers it, for tests and for comparing; a higher one than the machine has is
// ignored.
Isa cpu_isa();

const char* isa_name(Isa isa);

// Names a build of the kernels. Each has a namespace of its own.
namespace isa_baseline {
struct Here {};
}  // namespace isa_baseline
namespace isa_avx2 {
struct Here {};
}  // namespace isa_avx2
namespace isa_avx512 {
struct Here {};
}  // namespace isa_avx512

}  // namespace poster::kernels

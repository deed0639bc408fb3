#include "bench/kernels/ceilings.h"

#include <algorithm>

#include "bench/kernels/kernel_case.h"
#include "kernels/cast/cast.h"
#include "kernels/matmul/matmul.h"
#include "kernels/residual/residual.h"

namespace poster::bench {
namespace {

constexpr int kRepeats = 5;

template <typename T>
double case_rate(Device& device, DeviceTimer& timer, CaseList<T>& cases, bool flops) {
  double best = 0;
  for (const KernelCase& c : cases.take()) {
    Operands operands(device);
    const double seconds = timer.best_seconds(c.prepare(operands), kRepeats);
    best = std::max(best, (flops ? operands.flops() : operands.bytes()) / seconds);
  }
  return best;
}

}  // namespace

template <typename T>
Ceilings measure_ceilings(Device& device, DeviceTimer& timer) {
  using namespace kernels;
  CaseList<float> memory({});
  const index_t count = device.cuda() ? 1 << 28 : 1 << 24;
  memory.add("large", Cast<float>{.count = count});
  memory.add("large", Add<float>{.count = count});
  CaseList<T> compute({});
  for (const index_t n : device.cuda() ? std::vector<index_t>{4096, 8192} : std::vector<index_t>{768, 1024})
    compute.add("large",
                Matmul<T>{.m = n, .n = n, .k = n, .lda = n, .ldb = n, .ldc = n, .transpose_b = true});
  return {.bytes_per_second = case_rate(device, timer, memory, false),
          .flops_per_second = case_rate(device, timer, compute, true)};
}

template Ceilings measure_ceilings<float>(Device&, DeviceTimer&);
template Ceilings measure_ceilings<Half>(Device&, DeviceTimer&);

}  // namespace poster::bench

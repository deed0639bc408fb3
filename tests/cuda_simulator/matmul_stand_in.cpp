// Stands in for cuBLASLt.
#include <algorithm>

#include "kernels/cuda/kernel.h"
#include "kernels/matmul/matmul.h"
#include "tests/cuda_simulator/library_stand_in.h"

namespace poster::kernels {

template <typename T, typename Out>
void compute(CudaQueue& queue, const Matmul<T, Out>& a) {
  // Nobody knows whether cuBLASLt takes more, and what is built on it must live with a refusal.
  constexpr index_t kMaxElements = index_t{1} << 31;
  if (a.m * std::max(a.n, a.k) > kMaxElements || a.n * a.k > kMaxElements)
    throw CudaError("cuBLASLt has no algorithm for it");
  constexpr index_t kScratch = 4096;
  cuda_simulator::run_with_scratch(queue, "cuBLASLt", kScratch, [a] {
    using cuda_simulator::data_or_null, cuda_simulator::widened;
    const index_t a_rows = a.transpose_a ? a.k : a.m, a_columns = a.transpose_a ? a.m : a.k;
    const index_t b_rows = a.transpose_b ? a.n : a.k, b_columns = a.transpose_b ? a.k : a.n;
    const auto left = widened(a.a, a_rows, a_columns, a.lda), right = widened(a.b, b_rows, b_columns, a.ldb);
    const auto bias = widened(a.bias, a.n);
    std::vector<float> c(static_cast<std::size_t>(a.m * a.n)), sums;
    if (a.accumulate) c = widened(a.c, a.m, a.n, a.ldc);
    if (a.a_sums) sums.resize(static_cast<std::size_t>(a.m));
    run(cuda_simulator::cpu_queue(), Matmul<float>{.c = c.data(),
                                                   .a = left.data(),
                                                   .b = right.data(),
                                                   .bias = data_or_null(bias),
                                                   .a_sums = sums.empty() ? nullptr : sums.data(),
                                                   .m = a.m,
                                                   .n = a.n,
                                                   .k = a.k,
                                                   .lda = a_columns,
                                                   .ldb = b_columns,
                                                   .ldc = a.n,
                                                   .transpose_a = a.transpose_a,
                                                   .transpose_b = a.transpose_b,
                                                   .accumulate = a.accumulate});
    cuda_simulator::round_to(a.c, a.m, a.n, a.ldc, c);
    cuda_simulator::round_to(a.a_sums, sums);
  });
}

template struct CudaKernel<Matmul<float, float>>;
template struct CudaKernel<Matmul<Half, Half>>;
template struct CudaKernel<Matmul<Half, float>>;

}  // namespace poster::kernels

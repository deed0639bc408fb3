#include "bench/kernels/kernel_cases.h"
#include "bench/kernels/network_sizes.h"
#include "kernels/column_sum/column_sum.h"
#include "kernels/matmul/matmul.h"

namespace poster::bench {

using namespace kernels;

// Linear layers as engine/layers/linear.cpp calls them: forward, gradient of the input, of weights and bias.
template <typename T>
void add_matmul_cases(CaseList<T>& cases) {
  for (const LinearSizes& linear : network_sizes().linears) {
    const index_t rows = cases.batch() * linear.rows, in = linear.in, out = linear.out;
    const std::string shape = by({linear.rows, in, out});
    const Matmul<T> forward{
        .m = rows, .n = out, .k = in, .lda = in, .ldb = in, .ldc = out, .transpose_b = true};
    cases.add(shape + "_forward", forward, {.with = {"bias"}});
    const Matmul<T> input_gradient{.m = rows, .n = in, .k = out, .lda = out, .ldb = in, .ldc = in};
    cases.add(shape + "_input_gradient", input_gradient);
    const Matmul<T, acc_t<T>> weight_gradient{
        .m = out, .n = in, .k = rows, .lda = out, .ldb = in, .ldc = in, .transpose_a = true};
    cases.add(shape + "_weight_gradient", weight_gradient, {.with = {"a_sums"}});
  }
  for (const LevelSizes& level : network_sizes().levels)
    cases.add(by({level.tokens(), level.width}),
              ColumnSum<T>{.rows = cases.batch() * level.tokens(), .columns = level.width});
}

template void add_matmul_cases(CaseList<float>&);
template void add_matmul_cases(CaseList<Half>&);

}  // namespace poster::bench

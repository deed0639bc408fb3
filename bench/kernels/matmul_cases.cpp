#include "bench/kernels/kernel_cases.h"
#include "bench/kernels/network_sizes.h"
#include "kernels/matmul/matmul.h"

namespace poster::bench {

using namespace kernels;

// Linear layers as engine/layers/linear.cpp calls them: forward, gradient of the input, of weights and bias.
template <typename T>
void add_matmul_cases(CaseList<T>& cases) {
  for (const LinearSizes& linear : network_sizes().linears) {
    const index_t rows = cases.batch() * linear.rows, in = linear.in, out = linear.out;
    const std::string shape = by({linear.rows, in, out});
    const double flops = 2.0 * static_cast<double>(rows) * static_cast<double>(in * out);
    cases.add(
        POSTER_OP(matmul), shape + "_forward",
        [=](Operands& m) {
          return Matmul<T>{.c = m.output<T>(rows * out),
                           .a = m.random<T>(rows * in),
                           .b = m.random<T>(out * in),
                           .bias = m.random<T>(out),
                           .m = rows,
                           .n = out,
                           .k = in,
                           .lda = in,
                           .ldb = in,
                           .ldc = out,
                           .transpose_b = true};
        },
        flops);
    cases.add(
        POSTER_OP(matmul), shape + "_input_gradient",
        [=](Operands& m) {
          return Matmul<T>{.c = m.output<T>(rows * in),
                           .a = m.random<T>(rows * out),
                           .b = m.random<T>(out * in),
                           .m = rows,
                           .n = in,
                           .k = out,
                           .lda = out,
                           .ldb = in,
                           .ldc = in};
        },
        flops);
    cases.add(
        POSTER_OP(matmul), shape + "_weight_gradient",
        [=](Operands& m) {
          return Matmul<T, acc_t<T>>{.c = m.output<acc_t<T>>(out * in),
                                     .a = m.random<T>(rows * out),
                                     .b = m.random<T>(rows * in),
                                     .a_sums = m.output<acc_t<T>>(out),
                                     .m = out,
                                     .n = in,
                                     .k = rows,
                                     .lda = out,
                                     .ldb = in,
                                     .ldc = in,
                                     .transpose_a = true};
        },
        flops);
  }
  for (const LevelSizes& level : network_sizes().levels) {
    const index_t rows = cases.batch() * level.tokens();
    cases.add(POSTER_OP(column_sum), by({level.tokens(), level.width}), [=](Operands& m) {
      return ColumnSum<T>{.out = m.output<acc_t<T>>(level.width),
                          .x = m.random<T>(rows * level.width),
                          .rows = rows,
                          .columns = level.width};
    });
  }
}

template void add_matmul_cases(CaseList<float>&);
template void add_matmul_cases(CaseList<Half>&);

}  // namespace poster::bench

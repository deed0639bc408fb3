#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>

#include "kernels/column_sum/column_sum.h"
#include "kernels/cuda/kernel.h"
#include "kernels/cuda/launch_check.h"
#include "kernels/cuda/libraries.h"
#include "kernels/cuda/libraries/cublas_plan.h"
#include "kernels/matmul/bias_rows.h"
#include "kernels/matmul/matmul.h"

namespace poster::kernels {

extern template struct CudaKernel<ColumnSum<float>>;
extern template struct CudaKernel<ColumnSum<Half>>;

namespace {

class Cublas {
 public:
  static Cublas& of(CudaQueue& queue) {
    auto& state = queue.libraries().cublas;
    if (!state) state = std::make_shared<Cublas>();
    return *static_cast<Cublas*>(state.get());
  }

  Cublas() { POSTER_CUBLAS_CHECK(cublaslt().cublasLtCreate(&handle_)); }
  ~Cublas() { cublaslt().cublasLtDestroy(handle_); }
  Cublas(const Cublas&) = delete;
  Cublas& operator=(const Cublas&) = delete;

  cublasLtHandle_t handle() const { return handle_; }

  // Null when cuBLASLt has none.
  const MatmulPlan* plan(const MatmulProblem& problem, const void* epilogue_data) {
    const auto known = plans_.find(problem);
    if (known != plans_.end()) return known->second.get();
    return (plans_[problem] = MatmulPlan::make(handle_, problem, epilogue_data)).get();
  }

 private:
  cublasLtHandle_t handle_ = nullptr;
  std::map<MatmulProblem, std::unique_ptr<MatmulPlan>> plans_;
};

template <typename T, typename Out>
std::string describe(CudaQueue& queue, const Matmul<T, Out>& a) {
  const auto stored = [](index_t rows, index_t columns, bool transposed, index_t stride) {
    if (transposed) std::swap(rows, columns);
    return "[" + std::to_string(rows) + ", " + std::to_string(columns) + "] rows " + std::to_string(stride) +
           " apart" + (transposed ? " transposed" : "");
  };
  return "matmul of " + stored(a.m, a.k, a.transpose_a, a.lda) + " and " +
         stored(a.k, a.n, a.transpose_b, a.ldb) + (sizeof(T) == 2 ? ", 16 bits" : ", float") + ", device " +
         std::to_string(queue.device());
}

// The bias is added in the type of C. Kernels that sum the rows of op(A) are for 16 bits and whole vectors.
template <typename T, typename Out>
MatmulEpilogue best_epilogue(const Matmul<T, Out>& a) {
  if (a.bias && std::is_same_v<T, Out>) return MatmulEpilogue::bias;
  const auto whole = [](index_t size) { return size % 8 == 0; };
  if (a.a_sums && !a.bias && std::is_same_v<T, Half> && whole(a.m) && whole(a.n) && whole(a.k) &&
      whole(a.ldb) && whole(a.ldc) && alignment_of(a.a) >= 16 && alignment_of(a.b) >= 16 &&
      alignment_of(a.c) >= 16 && alignment_of(a.a_sums) >= 16)
    return MatmulEpilogue::a_sums;
  return MatmulEpilogue::none;
}

template <typename T, typename Out>
const void* epilogue_data(const Matmul<T, Out>& a, MatmulEpilogue epilogue) {
  if (epilogue == MatmulEpilogue::bias) return a.bias;
  return epilogue == MatmulEpilogue::a_sums ? a.a_sums : nullptr;
}

template <typename T, typename Out>
MatmulProblem problem_of(CudaQueue& queue, const Matmul<T, Out>& a, MatmulEpilogue epilogue) {
  return {.m = a.m,
          .n = a.n,
          .k = a.k,
          .lda = a.lda,
          .ldb = a.ldb,
          .ldc = a.ldc,
          .transpose_a = a.transpose_a,
          .transpose_b = a.transpose_b,
          .accumulate = a.accumulate,
          .half = std::is_same_v<T, Half>,
          .half_out = std::is_same_v<Out, Half>,
          .tf32 = std::is_same_v<T, float> && queue.float_products() == CudaQueue::FloatProducts::tf32,
          .epilogue = epilogue,
          .a_alignment = alignment_of(a.a),
          .b_alignment = alignment_of(a.b),
          .c_alignment = alignment_of(a.c),
          .epilogue_alignment = alignment_of(epilogue_data(a, epilogue))};
}

template <typename T, typename Out>
void add_bias(CudaQueue& queue, const Matmul<T, Out>& a, bool add) {
  bias_rows(queue, BiasRows<Out, T>{
                       .y = a.c, .bias = a.bias, .rows = a.m, .columns = a.n, .y_stride = a.ldc, .add = add});
}

template <typename T, typename Out>
void sum_rows_of_a(CudaQueue& queue, const Matmul<T, Out>& a) {
  if (a.k == 0) {
    bias_rows(queue,
              BiasRows<Out, Out>{
                  .y = a.a_sums, .bias = nullptr, .rows = 1, .columns = a.m, .y_stride = a.m, .add = false});
  } else if constexpr (std::is_same_v<Out, acc_t<T>>) {
    CudaKernel<ColumnSum<T>>::run(queue, {.out = a.a_sums, .x = a.a, .rows = a.k, .columns = a.m});
  }
}

// The product, and what the epilogue does; false when cuBLASLt has no algorithm for that.
template <typename T, typename Out>
bool run(CudaQueue& queue, const Matmul<T, Out>& a, MatmulEpilogue epilogue) {
  Cublas& cublas = Cublas::of(queue);
  const MatmulPlan* const plan = cublas.plan(problem_of(queue, a, epilogue), epilogue_data(a, epilogue));
  if (!plan) return false;
  void* const workspace = queue.scratch<std::byte>(static_cast<index_t>(plan->workspace()));
  if (queue.planning()) {
    note_library_call(queue, "cuBLASLt");
    return true;
  }
  plan->run(cublas.handle(), queue.stream(),
            {.c = a.c, .a = a.a, .b = a.b, .epilogue = epilogue_data(a, epilogue), .workspace = workspace});
  check_library_call(queue, "cuBLASLt");
  return true;
}

template <typename T, typename Out>
void count(CudaQueue& queue, const Matmul<T, Out>& a, MatmulEpilogue taken) {
  if (queue.planning()) return;
  LibraryUse& use = queue.libraries().use;
  use.bias.wanted += a.bias != nullptr;
  use.bias.taken += taken == MatmulEpilogue::bias;
  use.row_sums.wanted += a.a_sums != nullptr;
  use.row_sums.taken += taken == MatmulEpilogue::a_sums;
}

template <typename T, typename Out>
void multiply(CudaQueue& queue, const Matmul<T, Out>& a) {
  const MatmulEpilogue epilogue = best_epilogue(a);
  const bool taken = epilogue != MatmulEpilogue::none && run(queue, a, epilogue);
  count(queue, a, taken ? epilogue : MatmulEpilogue::none);
  const bool want_sums = a.a_sums && !(taken && epilogue == MatmulEpilogue::a_sums);
  if (!taken) {
    Matmul<T, Out> product = a;
    if (a.bias) {  // it lies in C before the product is added, so that the sum is rounded once
      add_bias(queue, a, a.accumulate);
      product.accumulate = true;
    }
    if (!run(queue, product, MatmulEpilogue::none)) throw CudaError("cuBLASLt has no algorithm for it");
  }
  if (want_sums) sum_rows_of_a(queue, a);
}

}  // namespace

template <typename T, typename Out>
void compute(CudaQueue& queue, const Matmul<T, Out>& a) {
  if (a.m == 0) return;
  try {
    if (a.n > 0 && a.k > 0) return multiply(queue, a);
    if (a.n > 0) add_bias(queue, a, a.accumulate);  // an empty sum
    if (a.a_sums) sum_rows_of_a(queue, a);
  } catch (const CudaError& error) {
    throw CudaError(describe(queue, a) + ": " + error.what());
  }
}

template struct CudaKernel<Matmul<float, float>>;
template struct CudaKernel<Matmul<Half, Half>>;
template struct CudaKernel<Matmul<Half, float>>;

}  // namespace poster::kernels

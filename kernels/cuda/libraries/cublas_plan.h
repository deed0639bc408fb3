// A matrix product by cuBLASLt: descriptors and the algorithm, chosen once and used often.
// https://docs.nvidia.com/cuda/cublas/#using-the-cublaslt-api
#pragma once

#include <cstddef>
#include <memory>
#include <source_location>

#include "kernels/cuda/libraries/cublaslt.h"
#include "kernels/cuda_queue.h"

namespace poster::kernels {

// Throws CudaError with the statement, the status and the place, unless `status` is success.
void cublas_check(cublasStatus_t status, const char* statement,
                  const std::source_location& at = std::source_location::current());
#define POSTER_CUBLAS_CHECK(statement) ::poster::kernels::cublas_check((statement), #statement)

// Every product may use as much.
inline constexpr std::size_t kMatmulWorkspace = std::size_t{32} << 20;

// What cuBLASLt does beside the product: adds the bias, or sums the rows of op(A).
enum class MatmulEpilogue { none, bias, a_sums };

// Everything that the choice of an algorithm depends on, in the terms of kernels/matmul/matmul.h.
struct MatmulProblem {
  index_t m, n, k, lda, ldb, ldc;
  bool transpose_a, transpose_b, accumulate;
  bool half, half_out;  // A, B and bias; C and the sums
  bool tf32;            // floats may be rounded to TF32
  MatmulEpilogue epilogue;
  int a_alignment, b_alignment, c_alignment, epilogue_alignment;  // bytes, a power of two

  bool operator<(const MatmulProblem& other) const;
};

// Of a pointer, up to 16, what the widest loads ask for: another place of the arena is the same problem, and
// gets the same algorithm.
int alignment_of(const void* pointer);

class MatmulPlan {
 public:
  // Null when cuBLASLt has no algorithm for it that adds in an order fixed by the sizes, in float.
  // epilogue_data: the bias or the sums, for its alignment.
  static std::unique_ptr<MatmulPlan> make(cublasLtHandle_t handle, const MatmulProblem& problem,
                                          const void* epilogue_data);

  struct Data {
    void* c;
    const void* a;
    const void* b;
    const void* epilogue;  // the bias or the sums
    void* workspace;       // workspace() bytes
  };
  void run(cublasLtHandle_t handle, CUstream_st* stream, const Data& data) const;
  std::size_t workspace() const { return workspace_; }  // bytes, at most kMatmulWorkspace

 private:
  template <auto destroy>
  struct Destroy {
    template <typename D>
    void operator()(D* descriptor) const {
      (cublaslt().*destroy)(descriptor);
    }
  };
  using Layout =
      std::unique_ptr<cublasLtMatrixLayoutOpaque_t, Destroy<&CublasLt::cublasLtMatrixLayoutDestroy>>;
  using Product = std::unique_ptr<cublasLtMatmulDescOpaque_t, Destroy<&CublasLt::cublasLtMatmulDescDestroy>>;
  using Preference =
      std::unique_ptr<cublasLtMatmulPreferenceOpaque_t, Destroy<&CublasLt::cublasLtMatmulPreferenceDestroy>>;

  MatmulPlan() = default;
  static Layout layout(bool half, index_t rows, index_t columns, index_t stride);
  void describe(const MatmulProblem& problem, const void* epilogue_data);
  bool choose(cublasLtHandle_t handle, const MatmulProblem& problem);

  Product product_;
  // cuBLAS counts by columns: to it our matrices are their transposes, and Cᵀ = op(B)ᵀ op(A)ᵀ.
  Layout first_, second_, result_;  // of B, A and C
  cublasLtMatmulAlgo_t algorithm_{};
  std::size_t workspace_ = 0;
  float beta_ = 0;
  bool has_epilogue_ = false;
};

}  // namespace poster::kernels

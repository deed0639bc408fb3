#include "kernels/cuda/libraries/cublas_plan.h"

#include <algorithm>
#include <cstdint>
#include <string>
#include <tuple>

namespace poster::kernels {
namespace {

cudaDataType type(bool half) { return half ? CUDA_R_16F : CUDA_R_32F; }

template <typename V>
void set(cublasLtMatmulDesc_t product, cublasLtMatmulDescAttributes_t attribute, const V& value) {
  POSTER_CUBLAS_CHECK(cublaslt().cublasLtMatmulDescSetAttribute(product, attribute, &value, sizeof(value)));
}
template <typename V>
void set(cublasLtMatmulPreference_t preference, cublasLtMatmulPreferenceAttributes_t attribute,
         const V& value) {
  POSTER_CUBLAS_CHECK(
      cublaslt().cublasLtMatmulPreferenceSetAttribute(preference, attribute, &value, sizeof(value)));
}

}  // namespace

void cublas_check(cublasStatus_t status, const char* statement, const std::source_location& at) {
  if (status == CUBLAS_STATUS_SUCCESS) return;
  throw CudaError("cuBLASLt: " + std::string(cublaslt().cublasLtGetStatusString(status)) + " (" +
                  cublaslt().cublasLtGetStatusName(status) + ") in " + statement + ", " + at.file_name() +
                  ":" + std::to_string(at.line()));
}

int alignment_of(const void* pointer) {
  const auto address = reinterpret_cast<std::uintptr_t>(pointer);
  constexpr std::uintptr_t kLargest = 16;
  return static_cast<int>(address == 0 ? kLargest : std::min(address & (~address + 1), kLargest));
}

bool MatmulProblem::operator<(const MatmulProblem& other) const {
  const auto values = [](const MatmulProblem& p) {
    return std::tuple(p.m, p.n, p.k, p.lda, p.ldb, p.ldc, p.transpose_a, p.transpose_b, p.accumulate, p.half,
                      p.half_out, p.tf32, p.epilogue, p.a_alignment, p.b_alignment, p.c_alignment,
                      p.epilogue_alignment);
  };
  return values(*this) < values(other);
}

MatmulPlan::Layout MatmulPlan::layout(bool half, index_t rows, index_t columns, index_t stride) {
  cublasLtMatrixLayout_t created = nullptr;
  POSTER_CUBLAS_CHECK(cublaslt().cublasLtMatrixLayoutCreate(
      &created, type(half), static_cast<std::uint64_t>(columns), static_cast<std::uint64_t>(rows), stride));
  return Layout(created);
}

std::unique_ptr<MatmulPlan> MatmulPlan::make(cublasLtHandle_t handle, const MatmulProblem& problem,
                                             const void* epilogue_data) {
  std::unique_ptr<MatmulPlan> plan(new MatmulPlan);
  plan->describe(problem, epilogue_data);
  return plan->choose(handle, problem) ? std::move(plan) : nullptr;
}

void MatmulPlan::describe(const MatmulProblem& p, const void* epilogue_data) {
  cublasLtMatmulDesc_t created = nullptr;
  POSTER_CUBLAS_CHECK(cublaslt().cublasLtMatmulDescCreate(
      &created, !p.half && p.tf32 ? CUBLAS_COMPUTE_32F_FAST_TF32 : CUBLAS_COMPUTE_32F, CUDA_R_32F));
  product_.reset(created);
  first_ = p.transpose_b ? layout(p.half, p.n, p.k, p.ldb) : layout(p.half, p.k, p.n, p.ldb);
  second_ = p.transpose_a ? layout(p.half, p.k, p.m, p.lda) : layout(p.half, p.m, p.k, p.lda);
  result_ = layout(p.half_out, p.m, p.n, p.ldc);
  set(created, CUBLASLT_MATMUL_DESC_TRANSA, p.transpose_b ? CUBLAS_OP_T : CUBLAS_OP_N);
  set(created, CUBLASLT_MATMUL_DESC_TRANSB, p.transpose_a ? CUBLAS_OP_T : CUBLAS_OP_N);
  beta_ = p.accumulate ? 1.0f : 0.0f;
  has_epilogue_ = p.epilogue != MatmulEpilogue::none;
  if (!has_epilogue_) return;
  // Its rows are our columns: the bias. Its second factor is our A, whose sums over k are the bias gradient.
  set(created, CUBLASLT_MATMUL_DESC_EPILOGUE,
      p.epilogue == MatmulEpilogue::bias ? CUBLASLT_EPILOGUE_BIAS : CUBLASLT_EPILOGUE_BGRADB);
  set(created, CUBLASLT_MATMUL_DESC_BIAS_POINTER, epilogue_data);
}

bool MatmulPlan::choose(cublasLtHandle_t handle, const MatmulProblem& p) {
  cublasLtMatmulPreference_t created = nullptr;
  POSTER_CUBLAS_CHECK(cublaslt().cublasLtMatmulPreferenceCreate(&created));
  const Preference preference(created);
  set(created, CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, std::uint64_t{kMatmulWorkspace});
  // Where k is split: parts in float, added in a step of their own. Not into C as they come, nor in 16 bits.
  set(created, CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK,
      static_cast<std::uint32_t>(CUBLASLT_REDUCTION_SCHEME_NONE | CUBLASLT_REDUCTION_SCHEME_COMPUTE_TYPE));
  set(created, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES, static_cast<std::uint32_t>(p.b_alignment));
  set(created, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES, static_cast<std::uint32_t>(p.a_alignment));
  set(created, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES, static_cast<std::uint32_t>(p.c_alignment));
  set(created, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES, static_cast<std::uint32_t>(p.c_alignment));

  constexpr int kAsked = 8;
  cublasLtMatmulHeuristicResult_t results[kAsked] = {};
  int found = 0;
  const cublasStatus_t status = cublaslt().cublasLtMatmulAlgoGetHeuristic(
      handle, product_.get(), first_.get(), second_.get(), result_.get(), result_.get(), created, kAsked,
      results, &found);
  if (status == CUBLAS_STATUS_NOT_SUPPORTED || status == CUBLAS_STATUS_INVALID_VALUE) return false;
  POSTER_CUBLAS_CHECK(status);
  for (int i = 0; i < found; ++i)
    if (results[i].state == CUBLAS_STATUS_SUCCESS && results[i].workspaceSize <= kMatmulWorkspace) {
      algorithm_ = results[i].algo;
      workspace_ = results[i].workspaceSize;
      return true;
    }
  return false;
}

void MatmulPlan::run(cublasLtHandle_t handle, CUstream_st* stream, const Data& data) const {
  if (has_epilogue_) set(product_.get(), CUBLASLT_MATMUL_DESC_BIAS_POINTER, data.epilogue);
  const float alpha = 1;
  POSTER_CUBLAS_CHECK(cublaslt().cublasLtMatmul(
      handle, product_.get(), &alpha, data.b, first_.get(), data.a, second_.get(), &beta_, data.c,
      result_.get(), data.c, result_.get(), &algorithm_, data.workspace, workspace_, stream));
}

}  // namespace poster::kernels

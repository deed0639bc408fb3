// The functions of cuBLASLt that kernels/cuda/libraries calls, as its documentation has them, computed on the
// host: so the calls themselves are tested without a GPU. It refuses what cuBLASLt refuses, and some of what
// it may refuse: then the caller must do without.
#include <cublasLt.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <numeric>
#include <vector>

#include "kernels/half.h"
#include "tests/cuda_libraries/fake_calls.h"
#include "tests/cuda_simulator/stream.h"

namespace {

using poster::Half;

struct Layout {
  cudaDataType type;
  std::int64_t rows, columns, stride;

  std::size_t element_bytes() const { return type == CUDA_R_16F ? 2 : 4; }
  double get(const void* data, std::int64_t row, std::int64_t column) const {
    const std::int64_t i = row + column * stride;
    return type == CUDA_R_16F ? static_cast<double>(static_cast<const Half*>(data)[i])
                              : static_cast<const float*>(data)[i];
  }
  void set(void* data, std::int64_t row, std::int64_t column, double value) const {
    const std::int64_t i = row + column * stride;
    if (type == CUDA_R_16F)
      static_cast<Half*>(data)[i] = Half(value);
    else
      static_cast<float*>(data)[i] = static_cast<float>(value);
  }
};

struct Product {
  cublasComputeType_t compute;
  cudaDataType scale;
  cublasOperation_t transpose_a = CUBLAS_OP_N, transpose_b = CUBLAS_OP_N;
  cublasLtEpilogue_t epilogue = CUBLASLT_EPILOGUE_DEFAULT;
  void* bias = nullptr;
};

struct Preference {
  std::uint64_t workspace = 0;
  std::uint32_t reductions = CUBLASLT_REDUCTION_SCHEME_MASK;
  std::uint32_t alignment_a = 256, alignment_b = 256, alignment_c = 256, alignment_d = 256;
};

// What an algorithm was chosen for.
struct Algorithm {
  std::uint32_t alignment_a, alignment_b, alignment_c, alignment_d;
  Layout a, b, c;
};
static_assert(sizeof(Algorithm) > sizeof(cublasLtMatmulAlgo_t),
              "so it lies in a list, and algo has its place");
std::vector<Algorithm> algorithms;
int products = 0, heuristics = 0;

template <typename Own, typename Opaque>
Own& own(Opaque* opaque) {
  static_assert(sizeof(Own) <= sizeof(Opaque));
  return *reinterpret_cast<Own*>(opaque);
}
template <typename Opaque, typename Own>
cublasStatus_t create(Opaque** created, const Own& value) {
  static_assert(sizeof(Own) <= sizeof(Opaque));
  *created = static_cast<Opaque*>(std::calloc(1, sizeof(Opaque)));
  std::memcpy(static_cast<void*>(*created), &value, sizeof(value));
  return CUBLAS_STATUS_SUCCESS;
}
template <typename Opaque>
cublasStatus_t destroy(Opaque* opaque) {
  std::free(opaque);
  return CUBLAS_STATUS_SUCCESS;
}
template <typename V>
cublasStatus_t assign(V& value, const void* from, std::size_t bytes) {
  if (bytes != sizeof(V)) return CUBLAS_STATUS_INVALID_VALUE;
  std::memcpy(&value, from, bytes);
  return CUBLAS_STATUS_SUCCESS;
}

bool aligned(const void* pointer, std::uint32_t bytes) {
  return reinterpret_cast<std::uintptr_t>(pointer) % bytes == 0;
}

// op(X)'s sizes.
std::int64_t rows_of(const Layout& x, cublasOperation_t op) { return op == CUBLAS_OP_N ? x.rows : x.columns; }
std::int64_t columns_of(const Layout& x, cublasOperation_t op) {
  return op == CUBLAS_OP_N ? x.columns : x.rows;
}

bool valid(const Product& p, const Layout& a, const Layout& b, const Layout& c) {
  for (const Layout* x : {&a, &b, &c})
    if (x->rows <= 0 || x->columns <= 0 || x->stride < x->rows) return false;
  return rows_of(a, p.transpose_a) == c.rows && columns_of(b, p.transpose_b) == c.columns &&
         columns_of(a, p.transpose_a) == rows_of(b, p.transpose_b) && p.scale == CUDA_R_32F &&
         (p.compute == CUBLAS_COMPUTE_32F || p.compute == CUBLAS_COMPUTE_32F_FAST_TF32) && a.type == b.type &&
         (p.epilogue == CUBLASLT_EPILOGUE_DEFAULT || p.bias);
}

bool supported(const Product& p, const Layout& a, const Layout& c, const Preference& preference) {
  if (preference.reductions & (CUBLASLT_REDUCTION_SCHEME_INPLACE | CUBLASLT_REDUCTION_SCHEME_OUTPUT_TYPE))
    return false;
  if (p.epilogue == CUBLASLT_EPILOGUE_BIAS) return c.rows % 2 == 0 && preference.alignment_c >= 8;
  if (p.epilogue == CUBLASLT_EPILOGUE_BGRADA || p.epilogue == CUBLASLT_EPILOGUE_BGRADB)
    return a.type == CUDA_R_16F && c.rows % 16 == 0 && c.columns % 8 == 0;
  return p.epilogue == CUBLASLT_EPILOGUE_DEFAULT;
}

// op(X) in double: each row in one piece (by_rows), or each column.
std::vector<double> widened(const Layout& x, cublasOperation_t op, const void* data, bool by_rows) {
  const std::int64_t rows = rows_of(x, op), columns = columns_of(x, op);
  std::vector<double> values;
  values.reserve(static_cast<std::size_t>(rows * columns));
  const auto at = [&](std::int64_t i, std::int64_t j) {
    return op == CUBLAS_OP_N ? x.get(data, i, j) : x.get(data, j, i);
  };
  if (by_rows)
    for (std::int64_t i = 0; i < rows; ++i)
      for (std::int64_t j = 0; j < columns; ++j) values.push_back(at(i, j));
  else
    for (std::int64_t j = 0; j < columns; ++j)
      for (std::int64_t i = 0; i < rows; ++i) values.push_back(at(i, j));
  return values;
}

void multiply(const Product& p, const Layout& la, const Layout& lb, const Layout& lc, const void* a,
              const void* b, void* c, float alpha, float beta) {
  const std::int64_t depth = columns_of(la, p.transpose_a);
  const std::vector<double> left = widened(la, p.transpose_a, a, true),
                            right = widened(lb, p.transpose_b, b, false);
  const Layout vector{lc.type, 1, 1, 1};  // of the bias and of sums
  for (std::int64_t j = 0; j < lc.columns; ++j)
    for (std::int64_t i = 0; i < lc.rows; ++i) {
      double sum = std::inner_product(left.begin() + i * depth, left.begin() + (i + 1) * depth,
                                      right.begin() + j * depth, 0.0);
      sum *= static_cast<double>(alpha);
      if (beta != 0) sum += static_cast<double>(beta) * lc.get(c, i, j);
      if (p.epilogue == CUBLASLT_EPILOGUE_BIAS) sum += vector.get(p.bias, 0, i);
      lc.set(c, i, j, sum);
    }
  const bool of_a = p.epilogue == CUBLASLT_EPILOGUE_BGRADA;
  if (!of_a && p.epilogue != CUBLASLT_EPILOGUE_BGRADB) return;
  const std::vector<double>& summed = of_a ? left : right;
  for (std::int64_t i = 0; i < (of_a ? lc.rows : lc.columns); ++i)
    vector.set(p.bias, 0, i,
               std::accumulate(summed.begin() + i * depth, summed.begin() + (i + 1) * depth, 0.0));
}

}  // namespace

int fake_cublaslt_products() { return products; }
int fake_cublaslt_heuristics() { return heuristics; }

struct cublasLtContext {};

const char* cublasLtGetStatusName(cublasStatus_t) { return "status"; }
const char* cublasLtGetStatusString(cublasStatus_t) { return "refused by the fake"; }
cublasStatus_t cublasLtCreate(cublasLtHandle_t* handle) {
  *handle = new cublasLtContext;
  return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasLtDestroy(cublasLtHandle_t handle) {
  delete handle;
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasLtMatrixLayoutCreate(cublasLtMatrixLayout_t* created, cudaDataType type,
                                          std::uint64_t rows, std::uint64_t columns, std::int64_t stride) {
  return create(created,
                Layout{type, static_cast<std::int64_t>(rows), static_cast<std::int64_t>(columns), stride});
}
cublasStatus_t cublasLtMatrixLayoutDestroy(cublasLtMatrixLayout_t layout) { return destroy(layout); }

cublasStatus_t cublasLtMatmulDescCreate(cublasLtMatmulDesc_t* created, cublasComputeType_t compute,
                                        cudaDataType scale) {
  return create(created, Product{compute, scale});
}
cublasStatus_t cublasLtMatmulDescDestroy(cublasLtMatmulDesc_t product) { return destroy(product); }
cublasStatus_t cublasLtMatmulDescSetAttribute(cublasLtMatmulDesc_t product,
                                              cublasLtMatmulDescAttributes_t attribute, const void* value,
                                              std::size_t bytes) {
  Product& p = own<Product>(product);
  switch (attribute) {
    case CUBLASLT_MATMUL_DESC_TRANSA:
      return assign(p.transpose_a, value, bytes);
    case CUBLASLT_MATMUL_DESC_TRANSB:
      return assign(p.transpose_b, value, bytes);
    case CUBLASLT_MATMUL_DESC_EPILOGUE:
      return assign(p.epilogue, value, bytes);
    case CUBLASLT_MATMUL_DESC_BIAS_POINTER:
      return assign(p.bias, value, bytes);
    default:
      return CUBLAS_STATUS_INVALID_VALUE;
  }
}

cublasStatus_t cublasLtMatmulPreferenceCreate(cublasLtMatmulPreference_t* created) {
  return create(created, Preference{});
}
cublasStatus_t cublasLtMatmulPreferenceDestroy(cublasLtMatmulPreference_t preference) {
  return destroy(preference);
}
cublasStatus_t cublasLtMatmulPreferenceSetAttribute(cublasLtMatmulPreference_t preference,
                                                    cublasLtMatmulPreferenceAttributes_t attribute,
                                                    const void* value, std::size_t bytes) {
  Preference& p = own<Preference>(preference);
  switch (attribute) {
    case CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES:
      return assign(p.workspace, value, bytes);
    case CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK:
      return assign(p.reductions, value, bytes);
    case CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES:
      return assign(p.alignment_a, value, bytes);
    case CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES:
      return assign(p.alignment_b, value, bytes);
    case CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES:
      return assign(p.alignment_c, value, bytes);
    case CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES:
      return assign(p.alignment_d, value, bytes);
    default:
      return CUBLAS_STATUS_INVALID_VALUE;
  }
}

cublasStatus_t cublasLtMatmulAlgoGetHeuristic(cublasLtHandle_t handle, cublasLtMatmulDesc_t product,
                                              cublasLtMatrixLayout_t a, cublasLtMatrixLayout_t b,
                                              cublasLtMatrixLayout_t c, cublasLtMatrixLayout_t,
                                              cublasLtMatmulPreference_t preference, int asked,
                                              cublasLtMatmulHeuristicResult_t results[], int* found) {
  ++heuristics;
  *found = 0;
  const Layout &la = own<Layout>(a), &lb = own<Layout>(b), &lc = own<Layout>(c);
  const Preference& p = own<Preference>(preference);
  if (!handle || asked < 1 || !valid(own<Product>(product), la, lb, lc)) return CUBLAS_STATUS_INVALID_VALUE;
  if (!supported(own<Product>(product), la, lc, p)) return CUBLAS_STATUS_NOT_SUPPORTED;
  results[0].algo.data[0] = algorithms.size();
  results[0].workspaceSize = std::min<std::size_t>(p.workspace, 64 * 1024);  // filled anew for every product
  results[0].state = CUBLAS_STATUS_SUCCESS;
  algorithms.push_back({p.alignment_a, p.alignment_b, p.alignment_c, p.alignment_d, la, lb, lc});
  *found = 1;
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasLtMatmul(cublasLtHandle_t handle, cublasLtMatmulDesc_t product, const void* alpha,
                              const void* a, cublasLtMatrixLayout_t la, const void* b,
                              cublasLtMatrixLayout_t lb, const void* beta, const void* c,
                              cublasLtMatrixLayout_t lc, void* d, cublasLtMatrixLayout_t ld,
                              const cublasLtMatmulAlgo_t* algorithm, void* workspace,
                              std::size_t workspace_bytes, cudaStream_t stream) {
  const Algorithm& chosen = algorithms.at(algorithm->data[0]);
  const auto same = [](const Layout& x, const Layout& y) {
    return x.type == y.type && x.rows == y.rows && x.columns == y.columns && x.stride == y.stride;
  };
  const Product p = own<Product>(product);
  if (!handle || c != d || lc != ld || !workspace || !same(own<Layout>(la), chosen.a) ||
      !same(own<Layout>(lb), chosen.b) || !same(own<Layout>(lc), chosen.c) ||
      !aligned(a, chosen.alignment_a) || !aligned(b, chosen.alignment_b) || !aligned(c, chosen.alignment_c) ||
      !aligned(d, chosen.alignment_d) || (p.epilogue != CUBLASLT_EPILOGUE_DEFAULT && !p.bias))
    return CUBLAS_STATUS_INVALID_VALUE;
  const float alpha_value = *static_cast<const float*>(alpha), beta_value = *static_cast<const float*>(beta);
  cuda_simulator::submit(stream, [=] {
    ++products;
    multiply(p, chosen.a, chosen.b, chosen.c, a, b, d, alpha_value, beta_value);
    std::memset(workspace, 0xFF, std::min<std::size_t>(workspace_bytes, 4096));
  });
  return CUBLAS_STATUS_SUCCESS;
}

// The registry of microbenchmarks: every op of kernels/*/*.h at the sizes at which the network calls it. A
// new op gets an entry in one of the files *_cases.cpp; tests/bench/kernel_cases_test.cpp names ops that have
// none.
#pragma once

#include "bench/kernels/kernel_case.h"

namespace poster::bench {

template <typename T>
void add_attention_cases(CaseList<T>& cases);
template <typename T>
void add_convolution_cases(CaseList<T>& cases);
template <typename T>
void add_elementwise_cases(CaseList<T>& cases);
template <typename T>
void add_map_cases(CaseList<T>& cases);
template <typename T>
void add_matmul_cases(CaseList<T>& cases);
template <typename T>
void add_norm_cases(CaseList<T>& cases);
template <typename T>
void add_training_cases(CaseList<T>& cases);

// T: float or Half.
template <typename T>
std::vector<KernelCase> kernel_cases(const CaseSizes& sizes) {
  CaseList<T> cases(sizes);
  add_convolution_cases(cases);
  add_matmul_cases(cases);
  add_attention_cases(cases);
  add_norm_cases(cases);
  add_elementwise_cases(cases);
  add_map_cases(cases);
  add_training_cases(cases);
  return cases.take();
}

}  // namespace poster::bench

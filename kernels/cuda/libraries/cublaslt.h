// The functions of cuBLASLt that Poster calls, from the library that is there when the first is called.
#pragma once

#include <cublasLt.h>

#include "kernels/cuda/libraries/shared_library.h"

namespace poster::kernels {

struct CublasLt : private SharedLibrary {
  CublasLt();

  decltype(::cublasLtGetStatusName)* cublasLtGetStatusName = function("cublasLtGetStatusName");
  decltype(::cublasLtGetStatusString)* cublasLtGetStatusString = function("cublasLtGetStatusString");
  decltype(::cublasLtCreate)* cublasLtCreate = function("cublasLtCreate");
  decltype(::cublasLtDestroy)* cublasLtDestroy = function("cublasLtDestroy");
  decltype(::cublasLtMatrixLayoutCreate)* cublasLtMatrixLayoutCreate = function("cublasLtMatrixLayoutCreate");
  decltype(::cublasLtMatrixLayoutDestroy)* cublasLtMatrixLayoutDestroy =
      function("cublasLtMatrixLayoutDestroy");
  decltype(::cublasLtMatmulDescCreate)* cublasLtMatmulDescCreate = function("cublasLtMatmulDescCreate");
  decltype(::cublasLtMatmulDescDestroy)* cublasLtMatmulDescDestroy = function("cublasLtMatmulDescDestroy");
  decltype(::cublasLtMatmulDescSetAttribute)* cublasLtMatmulDescSetAttribute =
      function("cublasLtMatmulDescSetAttribute");
  decltype(::cublasLtMatmulPreferenceCreate)* cublasLtMatmulPreferenceCreate =
      function("cublasLtMatmulPreferenceCreate");
  decltype(::cublasLtMatmulPreferenceDestroy)* cublasLtMatmulPreferenceDestroy =
      function("cublasLtMatmulPreferenceDestroy");
  decltype(::cublasLtMatmulPreferenceSetAttribute)* cublasLtMatmulPreferenceSetAttribute =
      function("cublasLtMatmulPreferenceSetAttribute");
  decltype(::cublasLtMatmulAlgoGetHeuristic)* cublasLtMatmulAlgoGetHeuristic =
      function("cublasLtMatmulAlgoGetHeuristic");
  decltype(::cublasLtMatmul)* cublasLtMatmul = function("cublasLtMatmul");
};

// Throws CudaError where it is not there; a later call looks again.
const CublasLt& cublaslt();

}  // namespace poster::kernels

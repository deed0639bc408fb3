// The functions of cuDNN that Poster calls, from the library that is there when the first is called.
#pragma once

#include <cudnn.h>

#include "kernels/cuda/libraries/shared_library.h"

namespace poster::kernels {

struct Cudnn : private SharedLibrary {
  Cudnn();

  decltype(::cudnnGetVersion)* cudnnGetVersion = function("cudnnGetVersion");
  decltype(::cudnnGetErrorString)* cudnnGetErrorString = function("cudnnGetErrorString");
  decltype(::cudnnGetLastErrorString)* cudnnGetLastErrorString = function("cudnnGetLastErrorString");
  decltype(::cudnnCreate)* cudnnCreate = function("cudnnCreate");
  decltype(::cudnnDestroy)* cudnnDestroy = function("cudnnDestroy");
  decltype(::cudnnSetStream)* cudnnSetStream = function("cudnnSetStream");
  decltype(::cudnnBackendCreateDescriptor)* cudnnBackendCreateDescriptor =
      function("cudnnBackendCreateDescriptor");
  decltype(::cudnnBackendDestroyDescriptor)* cudnnBackendDestroyDescriptor =
      function("cudnnBackendDestroyDescriptor");
  decltype(::cudnnBackendSetAttribute)* cudnnBackendSetAttribute = function("cudnnBackendSetAttribute");
  decltype(::cudnnBackendGetAttribute)* cudnnBackendGetAttribute = function("cudnnBackendGetAttribute");
  decltype(::cudnnBackendFinalize)* cudnnBackendFinalize = function("cudnnBackendFinalize");
  decltype(::cudnnBackendExecute)* cudnnBackendExecute = function("cudnnBackendExecute");
};

// Throws CudaError where it is not there; a later call looks again.
const Cudnn& cudnn();

}  // namespace poster::kernels

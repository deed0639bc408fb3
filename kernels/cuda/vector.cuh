// Loads and stores of several neighbouring elements at a time, 16 bytes where there are that many, computed
// with as floats.
#pragma once

#include <cstdint>
#include <cstring>

#include "kernels/cuda/runtime.h"
#include "kernels/half.h"
#include "kernels/index.h"

namespace poster::kernels {

__device__ inline float to_float(float value) { return value; }
__device__ inline float to_float(Half value) { return static_cast<float>(value); }

template <typename T>
__device__ T from_float(float value) {
  return static_cast<T>(value);
}

// Elements in 16 bytes: 4 floats or 8 Halfs.
template <typename T>
inline constexpr int kVectorSize = 16 / static_cast<int>(sizeof(T));

template <int N>
struct Floats {
  float v[N];
  __device__ float& operator[](int i) { return v[i]; }
  __device__ const float& operator[](int i) const { return v[i]; }
};

// As memory holds it. Read and written by as few instructions as its alignment allows.
template <typename T, int N>
struct alignas(N * sizeof(T) < 16 ? N * sizeof(T) : 16) PackedVector {
  T v[N];
};

// Whether rows of `row_length` elements at all of `pointers` can be taken N elements at a time. Don't let
// scratch sizes or the order of sums depend on it: it may differ while planning.
template <int N, typename... T>
bool vectors_fit(index_t row_length, const T*... pointers) {
  return row_length % N == 0 &&
         ((reinterpret_cast<std::uintptr_t>(pointers) % alignof(PackedVector<T, N>) == 0) && ...);
}

// N a power of two; `from` and `to` aligned to N elements or 16 bytes.
template <int N, typename T>
__device__ Floats<N> load(const T* from) {
#if !defined(__CUDACC__)
  cuda_simulator::check_alignment(from, alignof(PackedVector<T, N>));
#endif
  PackedVector<T, N> packed;
  if constexpr (sizeof(packed) % 16 == 0) {  // spelled out, so that no compiler splits it
    const uint4* const source = reinterpret_cast<const uint4*>(from);
    uint4 words[sizeof(packed) / 16];
#pragma unroll
    for (int i = 0; i < static_cast<int>(sizeof(packed) / 16); ++i) words[i] = source[i];
    std::memcpy(&packed, words, sizeof(packed));
  } else {
    packed = *reinterpret_cast<const PackedVector<T, N>*>(from);
  }
  Floats<N> values;
#pragma unroll
  for (int i = 0; i < N; ++i) values[i] = to_float(packed.v[i]);
  return values;
}

template <int N, typename T>
__device__ void store(T* to, const Floats<N>& values) {
#if !defined(__CUDACC__)
  cuda_simulator::check_alignment(to, alignof(PackedVector<T, N>));
#endif
  PackedVector<T, N> packed;
#pragma unroll
  for (int i = 0; i < N; ++i) packed.v[i] = from_float<T>(values[i]);
  if constexpr (sizeof(packed) % 16 == 0) {
    uint4 words[sizeof(packed) / 16];
    std::memcpy(words, &packed, sizeof(packed));
#pragma unroll
    for (int i = 0; i < static_cast<int>(sizeof(packed) / 16); ++i)
      reinterpret_cast<uint4*>(to)[i] = words[i];
  } else {
    *reinterpret_cast<PackedVector<T, N>*>(to) = packed;
  }
}

}  // namespace poster::kernels

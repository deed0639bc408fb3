// Stands in for NVTX: the ranges that are open, and all that were opened, for tests.
#pragma once

#include <string>
#include <vector>

namespace host_cuda {

inline thread_local std::vector<std::string> open_ranges, all_ranges;

}  // namespace host_cuda

inline int nvtxRangePushA(const char* name) {
  host_cuda::open_ranges.emplace_back(name);
  host_cuda::all_ranges.emplace_back(name);
  return static_cast<int>(host_cuda::open_ranges.size()) - 1;
}

inline int nvtxRangePop() {
  host_cuda::open_ranges.pop_back();
  return static_cast<int>(host_cuda::open_ranges.size());
}

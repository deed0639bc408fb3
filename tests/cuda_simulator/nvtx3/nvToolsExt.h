// Stands in for NVTX: the ranges that are open, and all that were opened, for tests.
#pragma once

#include <string>
#include <vector>

namespace cuda_simulator {

inline thread_local std::vector<std::string> open_ranges, all_ranges;

}  // namespace cuda_simulator

inline int nvtxRangePushA(const char* name) {
  cuda_simulator::open_ranges.emplace_back(name);
  cuda_simulator::all_ranges.emplace_back(name);
  return static_cast<int>(cuda_simulator::open_ranges.size()) - 1;
}

inline int nvtxRangePop() {
  cuda_simulator::open_ranges.pop_back();
  return static_cast<int>(cuda_simulator::open_ranges.size());
}

// A named range in the timeline of NVIDIA's profilers (NVTX), from construction to destruction on this thread. Nothing in a
// build without CUDA, and next to nothing where no profiler listens.
#pragma once

namespace poster::kernels {

class NvtxRange {
 public:
  explicit NvtxRange(const char* name);
  ~NvtxRange();
  NvtxRange(const NvtxRange&) = delete;
  NvtxRange& operator=(const NvtxRange&) = delete;
};

}  // namespace poster::kernels

// Seconds of single calls on a device, with cold caches: between two calls a buffer larger than the last
// level of cache is overwritten. On a CUDA device the time between two events, else that of the clock.
#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "engine/device.h"
#include "kernels/cuda_device.h"

namespace poster::bench {

class DeviceTimer {
 public:
  explicit DeviceTimer(Device& device);

  double seconds(const std::function<void()>& call);
  // Of `repeats` calls, after one that is not counted.
  double best_seconds(const std::function<void()>& call, int repeats);

 private:
  void flush_caches();

  Device& device_;
  DeviceBuffer from_, to_;
  std::optional<kernels::CudaEvent> start_, end_;
};

double median(std::vector<double> values);

}  // namespace poster::bench

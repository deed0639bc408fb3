// What this device does at best, measured here and now: the ceilings that benchmarks are compared with.
#pragma once

#include "bench/kernels/device_timer.h"

namespace poster::bench {

struct Ceilings {
  double bytes_per_second;  // read and written by a large copy, or by the sum of two large arrays
  double flops_per_second;  // of a large product of matrices of T

  // The least time in which so much can be moved and computed.
  double least_seconds(double bytes, double flops) const {
    const double move = bytes / bytes_per_second, compute = flops / flops_per_second;
    return move > compute ? move : compute;
  }
};

template <typename T>
Ceilings measure_ceilings(Device& device, DeviceTimer& timer);

}  // namespace poster::bench

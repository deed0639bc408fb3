#include "bench/kernels/device_timer.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>

#include "kernels/cast/cast.h"
#include "kernels/index.h"

namespace poster::bench {
namespace {

// More than the largest GPU's cache, and than what a CPU's cores share.
std::size_t flush_bytes(Device& device) {
  if (device.cuda()) return std::size_t{256} << 20;
  const long shared = sysconf(_SC_LEVEL3_CACHE_SIZE);
  return std::clamp<std::size_t>(shared > 0 ? static_cast<std::size_t>(shared) : 0, std::size_t{16} << 20,
                                 std::size_t{128} << 20);
}

}  // namespace

DeviceTimer::DeviceTimer(Device& device)
    : device_(device), from_(device.allocate(flush_bytes(device))), to_(device.allocate(from_.size())) {
  if (device.cuda()) {
    start_.emplace();
    end_.emplace();
  }
}

void DeviceTimer::flush_caches() {
  device_.run<float>([&](auto& queue) {
    kernels::run(queue,
                 kernels::Cast<float>{.y = to_.as<float>(),
                                      .x = from_.as<float>(),
                                      .count = static_cast<kernels::index_t>(to_.size() / sizeof(float))});
  });
}

double DeviceTimer::seconds(const std::function<void()>& call) {
  flush_caches();
  if (kernels::CudaQueue* const queue = device_.cuda()) {
    start_->record(*queue);
    call();
    end_->record(*queue);
    start_->wait();
    end_->wait();
    return 1e-3 * end_->milliseconds_since(*start_);
  }
  const auto start = std::chrono::steady_clock::now();
  call();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

double DeviceTimer::best_seconds(const std::function<void()>& call, int repeats) {
  call();
  double best = seconds(call);
  for (int i = 1; i < repeats; ++i) best = std::min(best, seconds(call));
  return best;
}

double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

}  // namespace poster::bench

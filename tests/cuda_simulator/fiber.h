// A stack that code runs on and leaves in the middle.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>

namespace cuda_simulator {

class Fiber {
 public:
  // Runs `body` whenever it is resumed; when body returns, the fiber is idle and the next resume() calls it
  // again. body must not throw.
  explicit Fiber(std::function<void()> body);
  ~Fiber();  // only when idle
  Fiber(const Fiber&) = delete;
  Fiber& operator=(const Fiber&) = delete;

  // Returns when the body suspends or returns. From outside fibers.
  void resume();
  // From inside the body: goes back to the caller of resume().
  void suspend();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace cuda_simulator

// Work off the critical path: on a CUDA device lanes are queues beside the main one.
//
//   const Lanes::Ticket level = c.beside(Lane::branches, [&, map] { tokens = level_.forward(c, map); });
//   …                // on the main queue meanwhile
//   c.join(level);   // what follows sees tokens
//
// A lane's work runs in its own order, after all that the main queue was given before it; what the main queue
// is given later waits for it at the join alone. So until then
//   - the lane keeps `f`, and with it the tensors that it captured by value: it captures so what it reads and
//     others may give back;
//   - what f itself gives back is handed out again in that lane alone (Arena::use_lane);
//   - nobody may overwrite in place what f reads, or touch what it writes.
// On the CPU, with POSTER_CUDA_ONE_STREAM=1, and inside a lane, f just runs: results are the same bits.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "engine/arena.h"
#include "engine/device.h"
#include "kernels/cuda_device.h"

namespace poster {

enum class Lane {
  gradients = 1,  // of weights: nobody reads them before the optimizer
  branches = 2,   // parts of the network that meet the rest later
};

class Lanes {
 public:
  // A lane's work that is not joined, at most: then the main queue waits for the oldest first. What gradients
  // need would else stay in memory to the end of the pass.
  static constexpr std::size_t kWindow = 4;

  // Of work on a lane; of none when it ran on the spot.
  struct Ticket {
    Lane lane = Lane::gradients;
    std::uint64_t number = 0;
  };

  Lanes(Device& device, Arena& arena);
  Lanes(const Lanes&) = delete;
  Lanes& operator=(const Lanes&) = delete;

  // Whether work runs beside other work here; else f is better called at once: to keep it takes memory.
  bool enabled() const { return enabled_; }
  // Throws what f throws.
  Ticket beside(Lane lane, std::function<void()> f);
  // Whatever the main queue is given from here on comes after this work and all that the lane was given
  // before. Throws Error inside a lane.
  void join(Ticket ticket);
  void join(Lane lane);
  void join();
  // After an error in the middle of a pass: joined as far as that can be, and nothing is kept.
  void abandon() noexcept;

 private:
  struct Work {
    std::uint64_t number;
    std::function<void()> keeps;
  };
  struct State {
    std::array<std::optional<kernels::CudaEvent>, kWindow> done;  // of the work of a number, modulo kWindow
    std::vector<Work> work;                                       // not joined, the oldest first
    std::uint64_t given = 0;
  };
  State& state(Lane lane) { return states_[static_cast<std::size_t>(lane) - 1]; }

  Device& device_;
  Arena& arena_;
  bool enabled_;
  std::optional<kernels::CudaEvent> fork_;
  std::array<State, Device::kQueues - 1> states_;
};

}  // namespace poster

// In which order the work of all streams runs. CUDA promises that work runs after what it was made to wait
// for, and nothing else: work that has no reason to wait may run at once, or only when the host waits for it.
// A result that changes with the order lacks a wait.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

struct CUstream_st;
struct CUevent_st;

namespace cuda_simulator {

struct StreamOrder {
  enum class Kind {
    as_submitted,  // at once: the order in which the host came with it, which is always one that CUDA allows
    newest_first,  // when the host waits; of what may run, what came last
    shuffle        // when the host waits; of what may run, any
  };
  Kind kind = Kind::as_submitted;
  std::uint64_t seed = 0;  // of shuffle
};
// Runs first whatever is still to run.
void set_stream_order(const StreamOrder& order);

// Of work: ever higher.
using Ticket = std::uint64_t;
using Tickets = std::vector<Ticket>;

// Runs `work` at some time after all of `after` have run. Throws what it throws where it runs at once.
Ticket schedule(std::function<void()> work, const Tickets& after);
// Returns when these have run, and perhaps others. Throws what one of them threw; then everything that was
// still to run is lost, as on a GPU whose kernel has failed.
void wait_for(const Tickets& tickets);
void wait_for_all();
// For what may not throw: the next wait does.
void wait_for_all_quietly() noexcept;

}  // namespace cuda_simulator

#include "engine/lanes.h"

#include <utility>

#include "engine/error.h"
#include "kernels/environment.h"

namespace poster {
namespace {

// Device and arena work in a lane while it lives.
class InLane {
 public:
  InLane(Device& device, Arena& arena, Lane lane) : device_(device), arena_(arena) {
    device_.use_queue(static_cast<int>(lane));
    arena_.use_lane(static_cast<int>(lane));
  }
  ~InLane() {
    device_.use_queue(0);
    arena_.use_lane(0);
  }
  InLane(const InLane&) = delete;
  InLane& operator=(const InLane&) = delete;

 private:
  Device& device_;
  Arena& arena_;
};

}  // namespace

Lanes::Lanes(Device& device, Arena& arena)
    : device_(device),
      arena_(arena),
      enabled_(device.cuda() && !environment_flag(Variable::cuda_one_stream)) {
  if (!enabled_) return;
  device_.open_queues();
  fork_.emplace(kernels::CudaEvent::Kind::ordering);
  for (State& state : states_) {
    for (auto& event : state.done) event.emplace(kernels::CudaEvent::Kind::ordering);
    state.work.reserve(kWindow);
  }
}

Lanes::Ticket Lanes::beside(Lane lane, std::function<void()> f) {
  if (!enabled_ || device_.queue_in_use() != 0) {
    f();
    return {};
  }
  State& lane_state = state(lane);
  if (lane_state.work.size() == kWindow) join({lane, lane_state.work.front().number});
  kernels::CudaQueue& queue = device_.queue(static_cast<int>(lane));
  fork_->record(*device_.cuda());
  fork_->wait_in(queue);
  {
    const InLane in_lane(device_, arena_, lane);
    f();
  }
  const std::uint64_t number = ++lane_state.given;
  lane_state.done[number % kWindow]->record(queue);
  lane_state.work.push_back({number, std::move(f)});
  return {lane, number};
}

void Lanes::join(Ticket ticket) {
  if (ticket.number == 0) return;
  if (device_.queue_in_use() != 0) throw Error("lanes: joined inside a lane");
  auto& work = state(ticket.lane).work;
  auto end = work.begin();
  while (end != work.end() && end->number <= ticket.number) ++end;
  if (end == work.begin()) return;  // joined before
  state(ticket.lane).done[(end - 1)->number % kWindow]->wait_in(*device_.cuda());
  work.erase(work.begin(), end);
  if (work.empty()) arena_.join_lane(static_cast<int>(ticket.lane));
}

void Lanes::join(Lane lane) { join({lane, state(lane).given}); }

void Lanes::join() {
  for (const Lane lane : {Lane::gradients, Lane::branches}) join(lane);
}

void Lanes::abandon() noexcept {
  for (const Lane lane : {Lane::gradients, Lane::branches}) {
    State& lane_state = state(lane);
    // Where this fails the device has, and nothing will run on it any more.
    if (enabled_ && !arena_.planning()) try {
        fork_->record(device_.queue(static_cast<int>(lane)));
        fork_->wait_in(*device_.cuda());
      } catch (const kernels::CudaError&) {
      }
    lane_state.work.clear();
    arena_.join_lane(static_cast<int>(lane));
  }
}

}  // namespace poster

#include "tests/cuda_simulator/scheduler.h"

#include <algorithm>
#include <exception>
#include <iterator>
#include <map>
#include <mutex>
#include <random>
#include <set>
#include <utility>

namespace cuda_simulator {
namespace {

class Scheduler {
 public:
  void set_order(const StreamOrder& order) {
    const std::lock_guard lock(mutex_);
    wait_for_all();
    order_ = order;
    random_.seed(order.seed);
  }

  Ticket schedule(std::function<void()> work, const Tickets& after) {
    const std::lock_guard lock(mutex_);
    const Ticket ticket = ++last_;
    if (order_.kind == StreamOrder::Kind::as_submitted) {
      work();
      return ticket;
    }
    Work& mine = waiting_[ticket];
    mine.run = std::move(work);
    for (const Ticket earlier : std::set<Ticket>(after.begin(), after.end()))
      if (const auto found = waiting_.find(earlier); found != waiting_.end()) {
        found->second.followers.push_back(ticket);
        ++mine.waits_for;
      }
    if (mine.waits_for == 0) ready_.insert(ticket);
    return ticket;
  }

  void wait_for(const Tickets& tickets) {
    const std::lock_guard lock(mutex_);
    if (failure_) std::rethrow_exception(std::exchange(failure_, nullptr));
    for (const Ticket ticket : tickets)
      while (waiting_.contains(ticket)) run(next());
  }

  void wait_for_all() {
    const std::lock_guard lock(mutex_);
    wait_for({});
    while (!ready_.empty()) run(next());
  }

  void wait_for_all_quietly() noexcept {
    const std::lock_guard lock(mutex_);
    try {
      while (!ready_.empty()) run(next());
    } catch (...) {
      failure_ = std::current_exception();
    }
  }

 private:
  struct Work {
    std::function<void()> run;
    int waits_for = 0;
    Tickets followers;
  };

  Ticket next() {
    if (order_.kind == StreamOrder::Kind::newest_first) return *ready_.rbegin();
    std::uniform_int_distribution<std::size_t> any(0, ready_.size() - 1);
    return *std::next(ready_.begin(), static_cast<std::ptrdiff_t>(any(random_)));
  }

  void run(Ticket ticket) {
    ready_.erase(ticket);
    const Work work = std::move(waiting_.extract(ticket).mapped());
    try {
      work.run();
    } catch (...) {
      waiting_.clear();
      ready_.clear();
      throw;
    }
    for (const Ticket follower : work.followers)
      if (--waiting_.at(follower).waits_for == 0) ready_.insert(follower);
  }

  std::recursive_mutex mutex_;
  StreamOrder order_;
  std::mt19937_64 random_;
  Ticket last_ = 0;
  std::map<Ticket, Work> waiting_;
  std::set<Ticket> ready_;
  std::exception_ptr failure_;
};

Scheduler& scheduler() {
  static Scheduler one;
  return one;
}

}  // namespace

void set_stream_order(const StreamOrder& order) { scheduler().set_order(order); }
Ticket schedule(std::function<void()> work, const Tickets& after) {
  return scheduler().schedule(std::move(work), after);
}
void wait_for(const Tickets& tickets) { scheduler().wait_for(tickets); }
void wait_for_all() { scheduler().wait_for_all(); }
void wait_for_all_quietly() noexcept { scheduler().wait_for_all_quietly(); }

}  // namespace cuda_simulator

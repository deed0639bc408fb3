#include "tests/cuda_simulator/block.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <map>
#include <new>
#include <utility>

uint3 threadIdx, blockIdx;
dim3 blockDim, gridDim;

namespace cuda_simulator {
namespace {

Block* running_block = nullptr;

// Unwinds the stack of a thread that will not go on.
struct Abandoned {};

// Behind shared memory: AddressSanitizer's own guard, or bytes that a read finds to be NaN and that are
// looked at after each block.
#if defined(__SANITIZE_ADDRESS__)
constexpr std::size_t kGuard = 0;
#else
constexpr std::size_t kGuard = 1024;
#endif

void poison_shared(void* memory, std::size_t bytes) { std::memset(memory, 0xFF, bytes + kGuard); }

bool guard_intact(const void* memory, std::size_t bytes) {
  const unsigned char* const guard = static_cast<const unsigned char*>(memory) + bytes;
  return std::all_of(guard, guard + kGuard, [](unsigned char byte) { return byte == 0xFF; });
}

void* allocate_shared(std::size_t bytes, std::size_t alignment) {
  void* memory = nullptr;
  if (posix_memalign(&memory, std::max<std::size_t>(alignment, 16), bytes + kGuard) != 0)
    throw std::bad_alloc();
  poison_shared(memory, bytes);
  return memory;
}

bool equal(const char* a, const char* b) { return a == b || std::strcmp(a, b) == 0; }
bool same_place(const std::source_location& a, const std::source_location& b) {
  return a.line() == b.line() && a.column() == b.column() && equal(a.file_name(), b.file_name());
}

constexpr std::size_t kStaticLimit = 48 * 1024, kLimit = 227 * 1024;

}  // namespace

Block& Block::current() {
  if (!running_block) throw Error("cuda_simulator: device code outside a kernel");
  return *running_block;
}

Block::Block(std::string op, dim3 grid, dim3 block, std::size_t dynamic_shared_bytes)
    : op_(std::move(op)),
      count_(static_cast<int>(block.x * block.y * block.z)),
      threads_(count_),
      groups_((count_ + 31) / 32),
      free_groups_((count_ + 31) / 32),
      dynamic_bytes_(dynamic_shared_bytes),
      dynamic_(dynamic_shared_bytes ? allocate_shared(dynamic_shared_bytes, 16) : nullptr) {
  gridDim = grid;
  blockDim = block;
}

Block::~Block() {
  std::free(dynamic_);
  for (const Shared& s : shared_) std::free(s.memory);
}

void Block::fail(const std::string& what) const {
  const auto name = [](const uint3& v) {
    return "(" + std::to_string(v.x) + ", " + std::to_string(v.y) + ", " + std::to_string(v.z) + ")";
  };
  throw Error(op_ + ": block " + name(blockIdx) + ", thread " + name(threadIdx) + ": " + what);
}

void Block::run(uint3 index, const std::function<void()>& kernel, Arranger& arranger) {
  kernel_ = &kernel;
  blockIdx = index;
  for (Thread& thread : threads_) thread = {State::ready, nullptr, {}, false};
  for (const Shared& s : shared_) poison_shared(s.memory, s.bytes);
  if (dynamic_) poison_shared(dynamic_, dynamic_bytes_);
  struct Running {
    explicit Running(Block* block) { running_block = block; }
    ~Running() { running_block = nullptr; }
  } running(this);
  try {
    run_threads(arranger);
    bool intact = !dynamic_ || guard_intact(dynamic_, dynamic_bytes_);
    for (const Shared& s : shared_) intact = intact && guard_intact(s.memory, s.bytes);
    if (!error_ && !intact) fail("a thread wrote beyond the end of shared memory");
  } catch (...) {
    if (!error_) error_ = std::current_exception();
  }
  if (error_) {
    abandon_threads();
    std::rethrow_exception(std::exchange(error_, nullptr));
  }
}

void Block::run_threads(Arranger& arranger) {
  for (;;) {
    round_.clear();
    for (int t = 0; t < count_; ++t)
      if (threads_[t].state == State::ready) round_.push_back(t);
    if (round_.empty()) {
      if (std::all_of(threads_.begin(), threads_.end(),
                      [](const Thread& t) { return t.state == State::done; }))
        return;
      open_barrier();
      continue;
    }
    arranger.arrange_threads(round_);
    for (position_ = 0; position_ < round_.size();) {
      const int t = round_[position_++];
      if (!threads_[t].fiber) {
        if (idle_.empty()) {
          fibers_.push_back(std::make_unique<Fiber>([this] { fiber_body(); }));
          idle_.push_back(fibers_.back().get());
        }
        threads_[t].fiber = idle_.back();
        idle_.pop_back();
      }
      enter(t);
      threads_[t].fiber->resume();
      if (error_) return;
    }
  }
}

void Block::enter(int thread) {
  running_ = thread;
  const unsigned t = static_cast<unsigned>(thread);
  threadIdx = {t % blockDim.x, t / blockDim.x % blockDim.y, t / blockDim.x / blockDim.y};
}

// Runs thread after thread on one stack, as long as none of them has to wait.
void Block::fiber_body() {
  Fiber* const self = threads_[running_].fiber;
  try {
    for (;;) {
      (*kernel_)();
      threads_[running_].state = State::done;
      if (position_ == round_.size() || threads_[round_[position_]].fiber) break;
      enter(round_[position_++]);
      threads_[running_].fiber = self;
    }
  } catch (const Abandoned&) {
  } catch (...) {
    error_ = std::current_exception();
    threads_[running_].state = State::done;
  }
  idle_.push_back(self);
}

void Block::suspend() {
  const int self = running_;
  threads_[self].fiber->suspend();
  if (abandoning_) throw Abandoned{};
}

void Block::abandon_threads() {
  abandoning_ = true;
  for (Thread& thread : threads_)
    if (thread.fiber && thread.state != State::done) thread.fiber->resume();
  abandoning_ = false;
  for (auto& groups : groups_) groups.clear();
}

void Block::wait_at_barrier(const std::source_location& at) {
  threads_[running_].state = State::at_barrier;
  threads_[running_].at = at;
  suspend();
}

void Block::open_barrier() {
  const std::source_location& at = threads_[0].at;
  for (const Thread& thread : threads_)
    if (thread.state != State::at_barrier || !same_place(thread.at, at)) fail_stuck();
  for (Thread& thread : threads_) thread.state = State::ready;
}

void Block::fail_stuck() const {
  std::map<std::string, int> where;
  for (int t = 0; t < count_; ++t) {
    const Thread& thread = threads_[t];
    std::string place = "have ended";
    if (thread.state == State::at_barrier) place = "wait at __syncthreads, " + text(thread.at);
    if (thread.state == State::in_warp) {
      for (const auto& group : groups_[t / 32])
        if (group->arrived >> t % 32 & 1 && group->arrived != group->mask) {
          char masks[64];
          std::snprintf(masks, sizeof masks, " of mask 0x%08x, lanes 0x%08x came", group->mask,
                        group->arrived);
          place = "wait in " + std::string(group->operation) + masks + ", " + text(thread.at);
        }
    }
    ++where[place];
  }
  std::string all;
  for (const auto& [place, count] : where)
    all += (all.empty() ? "" : "; ") + std::to_string(count) + " threads " + place;
  fail("threads diverge at a barrier or warp operation: " + all);
}

WarpGroup& Block::join(unsigned mask, const char* operation, const std::source_location& at,
                       const void* value, std::size_t bytes) {
  const int self = running_, warp = self / 32;
  const unsigned bit = 1u << self % 32;
  if (!(mask & bit)) fail(std::string(operation) + " by a lane that its mask doesn't name, " + text(at));
  auto& groups = groups_[warp];
  WarpGroup* group = nullptr;
  for (const auto& g : groups)
    if (g->mask == mask && !(g->arrived & bit) && same_place(g->at, at) && equal(g->operation, operation))
      group = g.get();
  if (!group) {
    auto& free = free_groups_[warp];
    if (free.empty()) free.push_back(std::make_unique<WarpGroup>());
    groups.push_back(std::move(free.back()));
    free.pop_back();
    group = groups.back().get();
    group->mask = mask;
    group->arrived = 0;
    group->to_leave = __builtin_popcount(mask);
    group->operation = operation;
    group->at = at;
  }
  std::memcpy(group->values + self % 32 * bytes, value, bytes);
  group->arrived |= bit;
  threads_[self].at = at;
  if (group->arrived == mask) {
    for (int lane = 0; lane < 32; ++lane)
      if (mask >> lane & 1) threads_[warp * 32 + lane].state = State::ready;
  } else {
    threads_[self].state = State::in_warp;
    suspend();
  }
  return *group;
}

void Block::leave(WarpGroup& group) {
  if (--group.to_leave > 0) return;
  auto& groups = groups_[running_ / 32];
  const auto place =
      std::find_if(groups.begin(), groups.end(), [&](const auto& g) { return g.get() == &group; });
  free_groups_[running_ / 32].push_back(std::move(*place));
  groups.erase(place);
}

int Block::lane() const { return running_ % 32; }

void Block::arrive() {
  for (Thread& thread : threads_)
    if (!std::exchange(thread.fenced, false))
      fail("the block arrives at a counter, but not all its threads have called __threadfence");
}

void* Block::shared_object(const void* key, std::size_t bytes, std::size_t alignment) {
  std::size_t total = bytes;
  for (const Shared& s : shared_) {
    if (s.key == key) return s.memory;
    total += s.bytes;
  }
  if (total > kStaticLimit) fail("more than 48 KB of static shared memory");
  if (total + dynamic_bytes_ > kLimit) fail("more than 227 KB of shared memory");
  shared_.push_back({key, bytes, allocate_shared(bytes, alignment)});
  return shared_.back().memory;
}

void* Block::dynamic_shared() const {
  if (!dynamic_) fail("dynamic shared memory, but the launch asked for none");
  return dynamic_;
}

void* dynamic_shared_memory() { return Block::current().dynamic_shared(); }

void fail_alignment(std::size_t alignment) {
  Block::current().fail("an access of " + std::to_string(alignment) + " bytes is not aligned to them");
}

}  // namespace cuda_simulator

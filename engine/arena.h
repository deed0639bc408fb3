// The memory of activations and their gradients: one allocation, planned by a dry run.
//
// While planning, blocks are offsets without memory behind them and the highest end is remembered; commit()
// then allocates that much, once. The order of takes and gives is the same in every step, and first fit is
// deterministic, so each tensor has the same address in every step.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "engine/device.h"

namespace poster {

class Arena {
 public:
  Arena() = default;
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  bool planning() const { return planning_; }
  std::size_t peak_bytes() const { return peak_; }

  // Starts planning again, for another batch size. Every block must have been given back.
  void start_planning();
  // Ends planning; every block must have been given back. Then reserve() allocates what a dry run has needed,
  // unless the memory in hand is enough: all plans share it.
  void stop_planning();
  void reserve(Device& device, std::size_t bytes);
  // Both.
  void commit(Device& device) {
    stop_planning();
    reserve(device, peak_);
  }
  std::size_t bytes() const { return memory_.size(); }

  // A block with one reference. Throws Error when the plan is exceeded: the dry run did something else.
  int take(std::size_t bytes);
  void share(int block) { ++blocks_[block].references; }
  void give(int block);
  bool unique(int block) const { return blocks_[block].references == 1; }

  // While planning an address that tells blocks apart and has no memory behind it.
  std::byte* data(int block) const {
    return (planning_ ? reinterpret_cast<std::byte*>(kPlanningBase) : memory_.data()) + blocks_[block].offset;
  }
  const std::byte* memory() const { return memory_.data(); }

 private:
  struct Block {
    std::size_t offset, bytes;
    int references;
  };
  struct Gap {
    std::size_t offset, bytes;
  };
  bool all_given_back() const;
  static constexpr std::uintptr_t kPlanningBase = 1 << 20;

  DeviceBuffer memory_;
  bool planning_ = true;
  std::size_t peak_ = 0;
  std::size_t end_ = 0;    // everything from here on is free
  std::vector<Gap> gaps_;  // free below end_, by offset, never adjacent
  std::vector<Block> blocks_;
  std::vector<int> free_slots_;  // of blocks_
};

}  // namespace poster

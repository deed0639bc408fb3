// The memory of activations and their gradients: one allocation, planned by a dry run.
//
// Within a PlanningScope (engine/planning_scope.h) blocks are offsets without memory behind them and the
// highest end is remembered; reserve() then allocates that much, once. The order in which blocks are
// allocated and freed is the same in every step, and first fit is deterministic, so each tensor has the same
// address in every step.
//
// What is freed in a lane (engine/lanes.h) is handed out again in that lane alone until the lane is joined:
// its work may still use it when all others go on.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "engine/device.h"

namespace poster {

class Arena {
 public:
  // Of one allocation; told apart from every earlier one that forget_blocks() has ended.
  struct BlockId {
    int slot = -1;
    std::uint32_t generation = 0;
  };

  Arena() = default;
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  bool planning() const { return planning_; }
  // Of the plan that is, or was last, being made.
  std::size_t peak_bytes() const { return peak_; }

  // Allocates what a dry run has needed, unless the memory in hand is enough: all plans share it. The memory
  // in hand is freed first; after an Error there is none.
  void reserve(Device& device, std::size_t bytes);
  std::size_t bytes() const { return memory_.size(); }

  // A block with one reference. Throws Error when the plan is exceeded: the dry run did something else.
  BlockId allocate(std::size_t bytes);
  void share(BlockId block) noexcept {
    if (alive(block)) ++blocks_[block.slot].references;
  }
  void free(BlockId block) noexcept;
  bool unique(BlockId block) const { return alive(block) && blocks_[block.slot].references == 1; }
  // Frees every block, whoever holds it: after an error in the middle of a pass, whose layers keep what their
  // backward would have read. Tensors of those blocks are empty from then on.
  void forget_blocks() noexcept;
  bool alive(BlockId block) const { return block.slot >= 0 && block.generation == generation_; }

  // In which lane blocks are allocated and freed from here on; 0: in none.
  void use_lane(int lane) { lane_ = lane; }
  // What was freed in the lane is anybody's.
  void join_lane(int lane) noexcept;

  // Null for a block that is not alive. While planning an address that tells blocks apart and has no memory
  // behind it.
  std::byte* data(BlockId block) const {
    if (!alive(block)) return nullptr;
    return (planning_ ? reinterpret_cast<std::byte*>(kPlanningBase) : memory_.data()) +
           blocks_[block.slot].offset;
  }

  static constexpr std::uintptr_t kPlanningBase = 1 << 20;

 private:
  friend class PlanningScope;
  void start_planning();  // throws Error while blocks are held
  bool all_free() const;

  struct Block {
    std::size_t offset, bytes;
    int references;
  };
  struct Gap {
    std::size_t offset, bytes;
    int lane;  // whose it is alone; 0: anybody's
    bool fits(std::size_t wanted, int for_lane) const {
      return bytes >= wanted && (lane == 0 || lane == for_lane);
    }
  };
  void merge_gaps() noexcept;

  DeviceBuffer memory_;
  bool planning_ = false;
  std::size_t peak_ = 0;
  int lane_ = 0;
  std::size_t end_ = 0;    // everything from here on is free
  std::vector<Gap> gaps_;  // free below end_, by offset, of one lane never adjacent; with room for all blocks
  std::vector<Block> blocks_;
  std::vector<int> free_slots_;  // of blocks_, with room for all
  std::uint32_t generation_ = 0;
};

}  // namespace poster

#include "engine/arena.h"

#include <algorithm>

#include "engine/error.h"

namespace poster {

bool Arena::all_given_back() const {
  return std::all_of(blocks_.begin(), blocks_.end(), [](const Block& b) { return b.references == 0; });
}

void Arena::start_planning() {
  if (!all_given_back()) throw Error("arena: planned again while tensors are alive");
  planning_ = true;
  peak_ = end_ = 0;
  gaps_.clear();
}

void Arena::stop_planning() {
  if (!all_given_back()) throw Error("arena: committed while tensors are alive");
  planning_ = false;
}

void Arena::reserve(Device& device, std::size_t bytes) {
  if (memory_.size() >= bytes && memory_.data()) return;
  memory_ = {};  // freed before the larger one is taken
  memory_ = device.allocate(std::max<std::size_t>(bytes, 64));
}

int Arena::take(std::size_t bytes) {
  bytes = std::max<std::size_t>((bytes + 63) / 64 * 64, 64);
  std::size_t offset = end_;
  auto gap = std::find_if(gaps_.begin(), gaps_.end(), [&](const Gap& g) { return g.bytes >= bytes; });
  if (gap != gaps_.end()) {
    offset = gap->offset;
    gap->offset += bytes;
    gap->bytes -= bytes;
    if (gap->bytes == 0) gaps_.erase(gap);
  } else {
    if (!planning_ && end_ + bytes > memory_.size())
      throw Error("arena: the plan is exceeded; the batch is larger than planned");
    end_ += bytes;
    peak_ = std::max(peak_, end_);
  }
  int slot;
  if (free_slots_.empty()) {
    slot = static_cast<int>(blocks_.size());
    blocks_.push_back({});
  } else {
    slot = free_slots_.back();
    free_slots_.pop_back();
  }
  blocks_[slot] = {offset, bytes, 1};
  return slot;
}

void Arena::give(int slot) {
  Block& block = blocks_[slot];
  if (--block.references > 0) return;
  free_slots_.push_back(slot);
  auto next = std::lower_bound(gaps_.begin(), gaps_.end(), block.offset,
                               [](const Gap& g, std::size_t offset) { return g.offset < offset; });
  // Insert, then merge with both neighbours and with the free end.
  auto gap = gaps_.insert(next, {block.offset, block.bytes});
  if (gap + 1 != gaps_.end() && gap->offset + gap->bytes == (gap + 1)->offset) {
    gap->bytes += (gap + 1)->bytes;
    gaps_.erase(gap + 1);
  }
  if (gap != gaps_.begin() && (gap - 1)->offset + (gap - 1)->bytes == gap->offset) {
    (gap - 1)->bytes += gap->bytes;
    gap = gaps_.erase(gap) - 1;
  }
  if (gap->offset + gap->bytes == end_) {
    end_ = gap->offset;
    gaps_.erase(gap);
  }
}

}  // namespace poster

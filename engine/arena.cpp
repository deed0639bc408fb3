#include "engine/arena.h"

#include <algorithm>

#include "engine/error.h"

namespace poster {

bool Arena::all_free() const {
  return std::all_of(blocks_.begin(), blocks_.end(), [](const Block& b) { return b.references == 0; });
}

void Arena::start_planning() {
  if (!all_free()) throw Error("arena: planned again while tensors are alive");
  planning_ = true;
  peak_ = end_ = 0;
  gaps_.clear();
}

void Arena::forget_blocks() noexcept {
  ++generation_;
  blocks_.clear();
  free_slots_.clear();
  gaps_.clear();
  end_ = 0;
}

void Arena::reserve(Device& device, std::size_t bytes) {
  if (memory_.size() >= bytes && memory_.data()) return;
  memory_ = {};  // freed before the larger one is taken
  memory_ = device.allocate(std::max<std::size_t>(bytes, 64));
}

Arena::BlockId Arena::allocate(std::size_t bytes) {
  bytes = std::max<std::size_t>((bytes + 63) / 64 * 64, 64);
  // First what may fail, so that nothing has changed then, and free() needs no memory.
  if (free_slots_.empty()) {
    if (blocks_.size() == blocks_.capacity()) {
      const std::size_t room = std::max<std::size_t>(2 * blocks_.capacity(), 16);
      free_slots_.reserve(room);
      blocks_.reserve(room);
    }
    free_slots_.push_back(static_cast<int>(blocks_.size()));
    blocks_.push_back({});
  }
  // Each block leaves a gap at most.
  if (gaps_.capacity() < gaps_.size() + blocks_.size())
    gaps_.reserve(2 * std::max(gaps_.size(), blocks_.capacity()));
  std::size_t offset = end_;
  const auto gap =
      std::find_if(gaps_.begin(), gaps_.end(), [&](const Gap& g) { return g.fits(bytes, lane_); });
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
  const int slot = free_slots_.back();
  free_slots_.pop_back();
  blocks_[slot] = {offset, bytes, 1};
  return {slot, generation_};
}

void Arena::free(BlockId id) noexcept {
  if (!alive(id)) return;
  Block& block = blocks_[id.slot];
  if (--block.references > 0) return;
  free_slots_.push_back(id.slot);
  const auto next = std::lower_bound(gaps_.begin(), gaps_.end(), block.offset,
                                     [](const Gap& g, std::size_t offset) { return g.offset < offset; });
  gaps_.insert(next, {block.offset, block.bytes, lane_});
  merge_gaps();
}

void Arena::join_lane(int lane) noexcept {
  for (Gap& gap : gaps_)
    if (gap.lane == lane) gap.lane = 0;
  merge_gaps();
}

// Neighbours of one lane become one, and the last one the free end.
void Arena::merge_gaps() noexcept {
  auto last = gaps_.begin();
  for (auto gap = gaps_.begin(); gap != gaps_.end(); ++gap) {
    if (gap == last) continue;
    if (last->lane == gap->lane && last->offset + last->bytes == gap->offset)
      last->bytes += gap->bytes;
    else
      *++last = *gap;
  }
  if (gaps_.empty()) return;
  gaps_.erase(last + 1, gaps_.end());
  if (last->lane == 0 && last->offset + last->bytes == end_) {
    end_ = last->offset;
    gaps_.pop_back();
  }
}

}  // namespace poster

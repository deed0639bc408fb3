#include "tests/cuda_simulator/order.h"

#include <algorithm>
#include <numeric>

namespace cuda_simulator {
namespace {

Order current;

}  // namespace

void set_order(const Order& order) { current = order; }
const Order& order() { return current; }

std::string name(const Order& order) {
  switch (order.kind) {
    case Order::Kind::forward:
      return "forward";
    case Order::Kind::reverse:
      return "reverse";
    case Order::Kind::shuffle:
      return "shuffle " + std::to_string(order.seed);
    case Order::Kind::odd_warps_first:
      return "odd warps first";
  }
  return "";
}

template <typename T>
void Arranger::permute(std::vector<T>& items) {
  if (order_.kind == Order::Kind::reverse) std::reverse(items.begin(), items.end());
  if (order_.kind == Order::Kind::shuffle) std::shuffle(items.begin(), items.end(), random_);
}

void Arranger::arrange_threads(std::vector<int>& threads) {
  if (order_.kind == Order::Kind::odd_warps_first) {
    const auto even = [](int thread) { return thread / 32 % 2 == 0; };
    if (!std::all_of(threads.begin(), threads.end(), even)) std::erase_if(threads, even);
  }
  permute(threads);
}

std::vector<std::uint32_t> Arranger::arrange_blocks(std::uint32_t count) {
  std::vector<std::uint32_t> blocks(count);
  std::iota(blocks.begin(), blocks.end(), 0u);
  if (order_.kind == Order::Kind::odd_warps_first)
    std::stable_partition(blocks.begin(), blocks.end(), [](std::uint32_t b) { return b % 2 == 1; });
  permute(blocks);
  return blocks;
}

}  // namespace cuda_simulator

// In which order the threads of a block and the blocks of a grid run. A GPU promises none, so a result that
// changes with it is a race.
#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <vector>

namespace cuda_simulator {

struct Order {
  enum class Kind {
    forward,
    reverse,
    shuffle,         // another permutation at every round
    odd_warps_first  // odd warps run until they can't go on, then even warps; odd blocks before even ones
  };
  Kind kind = Kind::forward;
  std::uint64_t seed = 0;  // of shuffle
};

void set_order(const Order& order);
const Order& order();
std::string name(const Order& order);

// Puts things into the order that was set last.
class Arranger {
 public:
  Arranger() : order_(order()), random_(order_.seed) {}

  // Removes from `threads`, sorted ranks of threads that can run, those that shall not run yet, and permutes
  // the rest.
  void arrange_threads(std::vector<int>& threads);
  std::vector<std::uint32_t> arrange_blocks(std::uint32_t count);

 private:
  template <typename T>
  void permute(std::vector<T>& items);

  Order order_;
  std::mt19937_64 random_;
};

}  // namespace cuda_simulator

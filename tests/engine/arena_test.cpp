#include "engine/arena.h"

#include <gtest/gtest.h>

#include <set>

#include "engine/error.h"
#include "engine/random.h"
#include "engine/tensor.h"

namespace poster {
namespace {

TEST(Arena, PlansTheHighestUseAndThenHandsOutTheSamePlaces) {
  Device device = Device::open("cpu", 1);
  Arena arena;
  const auto use = [&] {
    std::vector<const void*> places;
    Tensor<float> a(arena, {100}), b(arena, {1000});
    a = {};
    Tensor<float> c(arena, {50});  // fits where a was
    Tensor<float> d(arena, {200});
    for (const auto* t : {&b, &c, &d}) places.push_back(t->data());
    return places;
  };
  // Addresses without memory behind them.
  const std::vector<const void*> planned = use();
  EXPECT_EQ(std::set<const void*>(planned.begin(), planned.end()).size(), 3u);
  EXPECT_GE(arena.peak_bytes(), (100 + 1000 + 200) * sizeof(float));
  EXPECT_LE(arena.peak_bytes(), (112 + 1008 + 208) * sizeof(float));
  arena.commit(device);
  const auto first = use();
  EXPECT_EQ(use(), first);
  for (const void* place : first) EXPECT_EQ(reinterpret_cast<std::uintptr_t>(place) % 64, 0u);
}

TEST(Arena, LiveTensorsNeverOverlap) {
  Device device = Device::open("cpu", 1);
  Arena arena;
  const auto use = [&](bool write) {
    std::vector<Tensor<float>> live;
    RandomStream random(1, RandomPurpose::test);
    for (int i = 0; i < 500; ++i) {
      if (live.size() > 20 || (!live.empty() && random.below(2))) {
        const auto at = random.below(live.size());
        for (index_t k = 0; write && k < live[at].count(); ++k)
          ASSERT_EQ(live[at].data()[k], static_cast<float>(live[at].count()));
        live.erase(live.begin() + static_cast<std::ptrdiff_t>(at));
      }
      live.emplace_back(arena, Shape{static_cast<index_t>(1 + random.below(3000))});
      for (index_t k = 0; write && k < live.back().count(); ++k)
        live.back().data()[k] = static_cast<float>(live.back().count());
    }
  };
  use(false);
  arena.commit(device);
  use(true);
}

TEST(Arena, SharedMemoryLivesUntilItsLastHolder) {
  Arena arena;
  Tensor<float> a(arena, {10});
  EXPECT_TRUE(a.unique());
  Tensor<float> b = a.reshaped({2, 5});
  EXPECT_FALSE(a.unique());
  a = {};
  EXPECT_TRUE(b.unique());
  EXPECT_EQ(b.shape(), (Shape{2, 5}));
}

TEST(Arena, RefusesMoreThanWasPlanned) {
  Device device = Device::open("cpu", 1);
  Arena arena;
  { Tensor<float> t(arena, {100}); }
  arena.commit(device);
  EXPECT_THROW(Tensor<float>(arena, {1000}), Error);
}

TEST(Arena, RefusesToPlanWhileTensorsAreAlive) {
  Device device = Device::open("cpu", 1);
  Arena arena;
  Tensor<float> t(arena, {100});
  EXPECT_THROW(arena.commit(device), Error);
  EXPECT_THROW(arena.start_planning(), Error);
}

}  // namespace
}  // namespace poster

#include "engine/arena.h"

#include <gtest/gtest.h>

#include <set>

#include "engine/error.h"
#include "engine/planning_scope.h"
#include "engine/random.h"
#include "engine/tensor.h"

namespace poster {
namespace {

template <typename F>
void plan(Device& device, Arena& arena, const F& pass) {
  PlanningScope scope(device, arena);
  pass();
  arena.reserve(device, scope.finish().activations);
}

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
  plan(device, arena, [&] {
    // Addresses without memory behind them.
    const std::vector<const void*> planned = use();
    EXPECT_EQ(std::set<const void*>(planned.begin(), planned.end()).size(), 3u);
  });
  EXPECT_GE(arena.peak_bytes(), (100 + 1000 + 200) * sizeof(float));
  EXPECT_LE(arena.peak_bytes(), (112 + 1008 + 208) * sizeof(float));
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
  plan(device, arena, [&] { use(false); });
  use(true);
}

// What is freed in a lane stays with it until the lane is joined, next to what anybody may have.
TEST(Arena, ALaneKeepsWhatItFreesUntilItIsJoined) {
  Device device = Device::open("cpu", 1);
  Arena arena;
  const auto use = [&] {
    const auto place = [&](int lane, index_t count) {
      arena.use_lane(lane);
      const float* const at = Tensor<float>(arena, {count}).data();
      arena.use_lane(0);
      return at;
    };
    const Tensor<float> before(arena, {16});
    const float* const first = place(1, 32);  // freed in lane 1
    EXPECT_EQ(place(1, 16), first);
    EXPECT_EQ(place(0, 16), first + 32);
    EXPECT_EQ(place(2, 16), first + 32);  // freed in lane 2, beside lane 1's
    EXPECT_EQ(place(1, 48), first + 48);
    EXPECT_EQ(place(0, 16), first + 96);
    arena.join_lane(2);
    EXPECT_EQ(place(0, 16), first + 32);
    arena.join_lane(1);
    EXPECT_EQ(place(0, 96), first);
  };
  plan(device, arena, use);
  EXPECT_EQ(arena.peak_bytes(), (16 + 96 + 16) * sizeof(float));
  use();
}

// Gaps of lanes can be more than blocks.
TEST(Arena, ManyGapsOfLanes) {
  Device device = Device::open("cpu", 1);
  Arena arena;
  const auto use = [&] {
    for (index_t round = 1; round <= 20; ++round) {
      std::vector<Tensor<float>> live;
      for (int i = 0; i < 15; ++i) live.emplace_back(arena, Shape{16 * round});
      for (int i = 0; i < 15; ++i) {
        arena.use_lane(1 + i % 2);
        live[static_cast<std::size_t>(i)] = {};
      }
      arena.use_lane(0);
    }
    arena.join_lane(1);
    arena.join_lane(2);
  };
  plan(device, arena, use);
  EXPECT_EQ(arena.peak_bytes(), 15 * 16 * (20 * 21 / 2) * sizeof(float));
  use();
}

TEST(Arena, SharedMemoryLivesUntilItsLastHolder) {
  Device device = Device::open("cpu", 1);
  Arena arena;
  PlanningScope scope(device, arena);
  Tensor<float> a(arena, {10});
  EXPECT_TRUE(a.unique());
  Tensor<float> b = a.reshaped({2, 5});
  EXPECT_FALSE(a.unique());
  a = {};
  EXPECT_TRUE(b.unique());
  EXPECT_EQ(b.shape(), (Shape{2, 5}));
}

TEST(Tensor, RefusesShapesAndSlicesThatAreNone) {
  Device device = Device::open("cpu", 1);
  Arena arena;
  PlanningScope scope(device, arena);
  const Tensor<float> t(arena, {3, 4});
  EXPECT_THROW((Shape{1, 2, 3, 4, 5}), Error);
  EXPECT_THROW((Shape{2, -1}), Error);
  EXPECT_THROW(Shape().back(), Error);
  EXPECT_THROW(Tensor<float>(arena, {index_t{1} << 40, index_t{1} << 40}), Error);
  EXPECT_THROW(t.reshaped({3, 5}), Error);
  EXPECT_THROW(t.slice(2, 2), Error);
  EXPECT_THROW(t.slice(-1, 1), Error);
  EXPECT_THROW(t.slice(0, -1), Error);
  EXPECT_EQ(t.slice(2, 1).data() - t.data(), 8);
  EXPECT_EQ(t.slice(3, 0).count(), 0);
  EXPECT_EQ(t.reshaped({12}).data(), t.data());
}

TEST(Arena, RefusesMoreThanWasPlanned) {
  Device device = Device::open("cpu", 1);
  Arena arena;
  plan(device, arena, [&] { Tensor<float> t(arena, {100}); });
  EXPECT_THROW(Tensor<float>(arena, {1000}), Error);
}

TEST(Arena, RefusesToPlanWhileTensorsAreAlive) {
  Device device = Device::open("cpu", 1);
  Arena arena;
  plan(device, arena, [&] { Tensor<float> t(arena, {100}); });
  const Tensor<float> t(arena, {100});
  EXPECT_THROW(PlanningScope(device, arena), Error);
  EXPECT_FALSE(arena.planning());
  EXPECT_EQ(Tensor<float>(t).data(), t.data());
}

TEST(PlanningScope, EndsByItselfAndForgetsWhatAnErrorHasLeft) {
  Device device = Device::open("cpu", 1);
  Arena arena;
  std::vector<Tensor<float>> kept;  // as a layer keeps what its backward reads
  EXPECT_THROW(plan(device, arena,
                    [&] {
                      kept.emplace_back(arena, Shape{100});
                      EXPECT_THROW(PlanningScope(device, arena), Error);  // no other within it
                      throw Error("in the middle");
                    }),
               Error);
  EXPECT_FALSE(arena.planning());
  EXPECT_FALSE(kept[0]);
  EXPECT_EQ(kept[0].data(), nullptr);
  EXPECT_FALSE(kept[0].unique());
  // What is forgotten takes nothing, and frees nothing of others.
  plan(device, arena, [&] { Tensor<float> t(arena, {100}); });
  const Tensor<float> t(arena, {100});
  kept.push_back(kept[0]);
  kept.clear();
  EXPECT_THROW(Tensor<float>(arena, {100}), Error);
  EXPECT_TRUE(t.unique());
}

TEST(PlanningScope, RefusesATensorThatOutlivesThePass) {
  Device device = Device::open("cpu", 1);
  Arena arena;
  std::vector<Tensor<float>> kept;
  EXPECT_THROW(plan(device, arena, [&] { kept.emplace_back(arena, Shape{100}); }), Error);
  EXPECT_FALSE(kept[0]);
}

}  // namespace
}  // namespace poster

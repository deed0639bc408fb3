// Lanes on the stand-in, whose streams run in all orders that CUDA allows: what is forked, kept and joined is
// right in each, and what is not is wrong in some. Once put on the queue, once from a graph.
#include "engine/lanes.h"

#include <gtest/gtest.h>

#include <set>

#include "engine/error.h"
#include "engine/executor.h"
#include "engine/tensor.h"
#include "kernels/cast/cast.h"
#include "tests/cuda_simulator/scheduler.h"
#include "tests/support/error_text.h"
#include "tests/support/scoped_variable.h"

namespace poster {
namespace {

using cuda_simulator::StreamOrder;
using Values = std::vector<float>;

const Values kFirst{1, 2, 3}, kSecond{4, 5, 6};
constexpr index_t kCount = 3;

std::vector<StreamOrder> orders() {
  std::vector<StreamOrder> all{{}, {StreamOrder::Kind::newest_first, 0}};
  for (std::uint64_t seed = 1; seed <= 6; ++seed) all.push_back({StreamOrder::Kind::shuffle, seed});
  return all;
}

class LanesOnStreams : public testing::Test {
 protected:
  void TearDown() override { cuda_simulator::set_stream_order({}); }

  struct Machine {
    Device device = Device::open("cuda", 1);
    Executor executor{device, 1};

    void copy(float* y, const float* x) {
      device.run<float>(
          [&](auto& queue) { kernels::run(queue, kernels::Cast<float>{.y = y, .x = x, .count = kCount}); });
    }
    Tensor<float> tensor() { return {executor.arena(), {kCount}}; }
    const float* input(std::size_t i) const { return reinterpret_cast<const float*>(executor.input(i)); }
    float* results() const { return reinterpret_cast<float*>(executor.results()); }
    Values run(const std::function<void(Machine&)>& record, index_t key = 1) {
      const std::array inputs{BatchInput{.data = kFirst.data(), .bytes = sizeof(float) * kCount},
                              BatchInput{.data = kSecond.data(), .bytes = sizeof(float) * kCount}};
      executor.submit(
          {.key = {.count = key}, .inputs = inputs, .result_bytes = sizeof(float) * kCount, .record = [&] {
             record(*this);
           }});
      const auto* const y = reinterpret_cast<const float*>(executor.wait().results);
      Values values(y, y + kCount);
      executor.release();
      return values;
    }
  };

  // The results of every order, first without a graph and then with it.
  static std::set<Values> results(const std::function<void(Machine&)>& record) {
    std::set<Values> all;
    for (const StreamOrder& order : orders()) {
      cuda_simulator::set_stream_order(order);
      Machine machine;
      for (int i = 0; i < 3; ++i) all.insert(machine.run(record));
      EXPECT_EQ(machine.executor.graph_count(), 1u);
    }
    return all;
  }
};

// Copies the first input by way of a tensor that is given back while the lane reads it, and whose place the
// second input takes.
struct Mistakes {
  bool release_early = false, forget_join = false;
};
void copy_beside(auto& machine, const Mistakes& mistakes) {
  Lanes& lanes = machine.executor.lanes();
  Tensor<float> x = machine.tensor(), y = machine.tensor();
  machine.copy(x.data(), machine.input(0));
  machine.copy(y.data(), machine.input(1));
  const float* const place = x.data();
  lanes.beside(Lane::gradients, [&, y, kept = mistakes.release_early ? Tensor<float>() : x] {
    machine.copy(y.data(), place);
  });
  x = {};
  const Tensor<float> next = machine.tensor();
  machine.copy(next.data(), machine.input(1));
  if (!mistakes.forget_join) lanes.join();
  machine.copy(machine.results(), y.data());
}

TEST_F(LanesOnStreams, WhatALaneReadsStaysUntilItIsJoined) {
  EXPECT_EQ(results([](Machine& m) { copy_beside(m, {}); }), std::set<Values>{kFirst});
}

TEST_F(LanesOnStreams, AnEarlyReleaseIsSeen) {
  EXPECT_EQ(results([](Machine& m) { copy_beside(m, {.release_early = true}); }),
            (std::set<Values>{kFirst, kSecond}));
}

TEST_F(LanesOnStreams, AMissingJoinIsSeen) {
  EXPECT_EQ(results([](Machine& m) { copy_beside(m, {.forget_join = true}); }),
            (std::set<Values>{kFirst, kSecond}));
}

// The lane's own tensor, which it gives back, isn't the main queue's before the join; after it, it is.
TEST_F(LanesOnStreams, WhatALaneGivesBackIsItsOwnUntilItIsJoined) {
  for (const bool join_first : {false, true}) {
    const auto all = results([&](Machine& m) {
      Lanes& lanes = m.executor.lanes();
      const Tensor<float> y = m.tensor();
      const float *in_lane = nullptr, *again = nullptr;
      lanes.beside(Lane::branches, [&] {
        const Tensor<float> x = m.tensor();
        in_lane = x.data();
        m.copy(x.data(), m.input(0));
        m.copy(y.data(), x.data());
      });
      lanes.beside(Lane::branches, [&] { again = m.tensor().data(); });
      EXPECT_EQ(again, in_lane);
      if (join_first) lanes.join();
      const Tensor<float> other = m.tensor();
      EXPECT_EQ(other.data() == in_lane, join_first);
      m.copy(other.data(), m.input(1));
      lanes.join();
      m.copy(m.results(), y.data());
    });
    EXPECT_EQ(all, std::set<Values>{kFirst});
  }
}

// Work that nobody joins is joined at the task's end; else a graph would refuse it.
TEST_F(LanesOnStreams, TheWindowIsBoundedAndTheEndJoins) {
  const auto all = results([](Machine& m) {
    Lanes& lanes = m.executor.lanes();
    std::vector<const float*> places;
    for (int i = 0; i < 20; ++i) {
      const Tensor<float> x = m.tensor();
      m.copy(x.data(), m.input(i % 2));
      lanes.beside(Lane::gradients, [&, x] { m.copy(m.results(), x.data()); });
      places.push_back(x.data());
    }
    EXPECT_EQ(std::set<const float*>(places.begin(), places.end()).size(), Lanes::kWindow + 1);
  });
  EXPECT_EQ(all, std::set<Values>{kSecond});
}

TEST_F(LanesOnStreams, InsideALaneAndWithOneStreamWorkRunsOnTheSpot) {
  const auto nested = results([](Machine& m) {
    Lanes& lanes = m.executor.lanes();
    lanes.beside(Lane::branches, [&] {
      EXPECT_EQ(m.device.queue_in_use(), 2);
      const Lanes::Ticket ticket = lanes.beside(Lane::gradients, [&] {
        EXPECT_EQ(m.device.queue_in_use(), 2);
        m.copy(m.results(), m.input(0));
      });
      EXPECT_EQ(ticket.number, 0u);
      const Lanes::Ticket own{Lane::branches, 1};
      EXPECT_THROW(lanes.join(own), Error);
    });
  });
  EXPECT_EQ(nested, std::set<Values>{kFirst});
  const test::ScopedVariable one("POSTER_CUDA_ONE_STREAM", "1");
  EXPECT_EQ(results([](Machine& m) {
              m.executor.lanes().beside(Lane::branches, [&] {
                EXPECT_EQ(m.device.queue_in_use(), 0);
                m.copy(m.results(), m.input(0));
              });
            }),
            std::set<Values>{kFirst});
}

// In planning, directly, and in a capture; the next task computes right in the memory that the lane had.
TEST_F(LanesOnStreams, AfterAnErrorInALaneTheNextTaskComputesRight) {
  for (const StreamOrder& order : orders()) {
    cuda_simulator::set_stream_order(order);
    Machine m;
    const auto good = [](Machine& machine) { copy_beside(machine, {}); };
    for (int i = 0; i < 2; ++i) EXPECT_EQ(m.run(good), kFirst);
    int recordings = 0, bad_one = 0;
    const auto bad = [&](Machine& machine) {
      const Tensor<float> x = machine.tensor(), y = machine.tensor();
      machine.executor.lanes().beside(Lane::gradients, [&, x, y] {
        machine.copy(y.data(), machine.input(1));
        if (recordings++ == bad_one) throw Error("in a lane");
      });
    };
    constexpr int kNone = -1;
    for (const int which : {0, 1, kNone, 0}) {
      recordings = 0;
      bad_one = which;
      EXPECT_EQ(test::error_of([&] { m.run(bad, 2); }), which == kNone ? "" : "in a lane");
      EXPECT_EQ(m.device.queue_in_use(), 0);
      EXPECT_EQ(m.run(good), kFirst);
    }
  }
}

}  // namespace
}  // namespace poster

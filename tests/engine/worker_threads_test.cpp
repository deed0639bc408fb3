#include "engine/worker_threads.h"

#include <gtest/gtest.h>

#include <atomic>
#include <stdexcept>
#include <string>

#include "engine/out_of_memory.h"

namespace poster {
namespace {

TEST(WorkerThreads, ShareTheWork) {
  for (const std::size_t threads : {0, 1, 4}) {
    std::atomic<int> next{0}, sum{0};
    run_on_threads(
        threads,
        [&] {
          for (int i; (i = next++) < 100;) sum += i;
        },
        [] {});
    EXPECT_EQ(sum, 4950);
  }
}

TEST(WorkerThreads, AnErrorStopsTheOthersAndArrivesHere) {
  std::atomic<int> next{0};
  std::atomic<bool> stopped{false};
  EXPECT_THROW(run_on_threads(
                   4,
                   [&] {
                     for (int i; (i = next++) < 1'000'000 && !stopped;)
                       if (i == 50) throw std::runtime_error("x");
                   },
                   [&] { stopped = true; }),
               std::runtime_error);
  EXPECT_TRUE(stopped);
}

TEST(OutOfMemory, NamesTheInnermostWork) {
  const auto message = [](auto&& work) -> std::string {
    try {
      doing("training", "", work);
    } catch (const std::bad_alloc& error) {
      return error.what();
    } catch (const std::exception& error) {
      return std::string("other: ") + error.what();
    }
    return "nothing";
  };
  EXPECT_EQ(message([] { throw std::bad_alloc(); }), "training");
  EXPECT_EQ(message([] { doing("reading", "runs/x", [] { throw std::bad_alloc(); }); }), "reading runs/x");
  EXPECT_EQ(message([] { throw std::runtime_error("y"); }), "other: y");
  EXPECT_EQ(message([] { throw OutOfMemory("reading", std::string(10'000, 'x')); }).size(), 511u);
  EXPECT_EQ(doing("counting", "", [] { return 7; }), 7);
}

}  // namespace
}  // namespace poster

// The stand-in's streams: work runs in orders that CUDA allows, in all of them, and in no other.
#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <set>
#include <stdexcept>
#include <string>

#include "tests/cuda_simulator/runtime_api.h"
#include "tests/support/error_text.h"

namespace cuda_simulator {
namespace {

using Kind = StreamOrder::Kind;

std::vector<StreamOrder> deferred_orders() {
  std::vector<StreamOrder> orders{{Kind::newest_first, 0}};
  for (std::uint64_t seed = 1; seed <= 8; ++seed) orders.push_back({Kind::shuffle, seed});
  return orders;
}

struct Stream {
  Stream() { cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking); }
  ~Stream() { cudaStreamDestroy(stream); }
  operator cudaStream_t() const { return stream; }
  cudaStream_t stream = nullptr;
};
struct Event {
  Event() { cudaEventCreateWithFlags(&event, cudaEventDisableTiming); }
  ~Event() { cudaEventDestroy(event); }
  operator cudaEvent_t() const { return event; }
  cudaEvent_t event = nullptr;
};

class Streams : public testing::Test {
 protected:
  void TearDown() override { set_stream_order({}); }
  // Puts work on a stream that adds a letter to the log.
  void put(cudaStream_t stream, char letter) {
    submit(stream, [this, letter] { log_ += letter; });
  }
  // What `use` of main and side leaves in the log when main has been waited for, in every order.
  template <typename F>
  std::set<std::string> logs(F use) {
    std::set<std::string> all;
    for (const StreamOrder& order : deferred_orders()) {
      set_stream_order(order);
      log_.clear();
      use();
      EXPECT_EQ(cudaStreamSynchronize(main_), cudaSuccess);
      all.insert(log_);
      cudaDeviceSynchronize();
    }
    return all;
  }
  cudaGraphExec_t captured(cudaStream_t stream) {
    cudaGraph_t graph = nullptr;
    EXPECT_EQ(cudaStreamEndCapture(stream, &graph), cudaSuccess);
    cudaGraphExec_t exec = nullptr;
    cudaGraphInstantiate(&exec, graph);
    cudaGraphDestroy(graph);
    return exec;
  }

  Stream main_, side_;
  Event fork_, join_;
  std::string log_;
};

TEST_F(Streams, OneStreamKeepsItsOrder) {
  EXPECT_EQ(logs([&] {
              for (char c = 'a'; c <= 'h'; ++c) put(main_, c);
              EXPECT_EQ(log_, "") << "nothing runs before somebody waits";
            }),
            std::set<std::string>{"abcdefgh"});
  set_stream_order({});
  log_.clear();
  put(main_, 'a');
  EXPECT_EQ(log_, "a") << "at once";
}

TEST_F(Streams, TwoRunBesideEachOther) {
  const auto all = logs([&] {
    put(main_, 'a');
    put(side_, 'x');
    put(main_, 'b');
    put(side_, 'y');
  });
  EXPECT_TRUE(all.contains("ab")) << "whoever waits for one stream waits for no other";
  EXPECT_TRUE(all.contains("xyab") || all.contains("xayb") || all.contains("axyb"));
  EXPECT_GE(all.size(), 4u);
  for (const std::string& log : all) {
    EXPECT_LT(log.find('a'), log.find('b'));
    if (log.find('y') != std::string::npos) {
      EXPECT_LT(log.find('x'), log.find('y'));
    }
  }
}

// main: write a; side: read it as r after an event; main: overwrite it as w after another.
TEST_F(Streams, AMissingWaitIsSeen) {
  const auto run = [&](bool fork, bool join) {
    return logs([&] {
      put(main_, 'a');
      cudaEventRecord(fork_, main_);
      if (fork) cudaStreamWaitEvent(side_, fork_);
      put(side_, 'r');
      cudaEventRecord(join_, side_);
      if (join) cudaStreamWaitEvent(main_, join_);
      put(main_, 'w');
    });
  };
  const auto seen = [](const std::set<std::string>& all, const std::string& part) {
    return std::ranges::any_of(all, [&](const auto& log) { return log.find(part) != std::string::npos; });
  };
  EXPECT_EQ(run(true, true), std::set<std::string>{"arw"});
  EXPECT_TRUE(seen(run(false, true), "ra")) << "read too early";
  EXPECT_TRUE(seen(run(true, false), "aw")) << "overwritten too early";
}

TEST_F(Streams, AGraphHasTheDependenciesOfItsCapture) {
  cudaStreamBeginCapture(main_, cudaStreamCaptureModeThreadLocal);
  put(main_, 'a');
  cudaEventRecord(fork_, main_);
  EXPECT_EQ(cudaStreamWaitEvent(side_, fork_), cudaSuccess);
  cudaStreamCaptureStatus status = cudaStreamCaptureStatusNone;
  cudaStreamIsCapturing(side_, &status);
  EXPECT_EQ(status, cudaStreamCaptureStatusActive);
  put(side_, 'x');
  put(main_, 'b');
  cudaEventRecord(join_, side_);
  EXPECT_EQ(cudaStreamWaitEvent(main_, join_), cudaSuccess);
  put(main_, 'c');
  const cudaGraphExec_t exec = captured(main_);
  cudaStreamIsCapturing(side_, &status);
  EXPECT_EQ(status, cudaStreamCaptureStatusNone);
  EXPECT_EQ(log_, "");
  const auto all = logs([&] {
    put(main_, '(');
    cudaGraphLaunch(exec, main_);
    put(main_, ')');
  });
  EXPECT_EQ(all, (std::set<std::string>{"(axbc)", "(abxc)"}));
  cudaGraphExecDestroy(exec);
}

TEST_F(Streams, WhatCaptureRefuses) {
  cudaGraph_t graph = nullptr;
  const auto begin_and_fork = [&] {
    cudaStreamBeginCapture(main_, cudaStreamCaptureModeThreadLocal);
    cudaEventRecord(fork_, main_);
    cudaStreamWaitEvent(side_, fork_);
    put(side_, 'x');
  };
  begin_and_fork();
  EXPECT_EQ(cudaStreamEndCapture(side_, &graph), cudaErrorStreamCaptureUnmatched);
  EXPECT_EQ(cudaStreamEndCapture(main_, &graph), cudaErrorStreamCaptureUnjoined);
  EXPECT_EQ(graph, nullptr);
  EXPECT_FALSE(capturing());
  put(side_, 'y');
  EXPECT_EQ(log_, "y") << "the side stream has left the capture";

  // Joined, and then used again.
  begin_and_fork();
  cudaEventRecord(join_, side_);
  cudaStreamWaitEvent(main_, join_);
  put(side_, 'z');
  EXPECT_EQ(cudaStreamEndCapture(main_, &graph), cudaErrorStreamCaptureUnjoined);

  EXPECT_EQ(cudaStreamWaitEvent(side_, fork_), cudaErrorCapturedEvent);
  EXPECT_EQ(cudaEventSynchronize(fork_), cudaErrorCapturedEvent);
  cudaEventRecord(fork_, side_);
  begin_and_fork();
  Event outside;
  Stream other;
  cudaEventRecord(outside, other);
  EXPECT_EQ(cudaStreamWaitEvent(main_, outside), cudaErrorStreamCaptureIsolation);
  cudaStreamBeginCapture(other, cudaStreamCaptureModeThreadLocal);
  EXPECT_EQ(cudaStreamWaitEvent(other, fork_), cudaErrorStreamCaptureMerge);
  EXPECT_EQ(cudaEventSynchronize(outside), cudaErrorStreamCaptureUnsupported);
  EXPECT_EQ(cudaStreamEndCapture(other, &graph), cudaSuccess);
  cudaGraphDestroy(graph);
  cudaStreamEndCapture(main_, &graph);
  EXPECT_FALSE(capturing());
}

TEST_F(Streams, AnEventIsWaitedForAlone) {
  const auto all = [&] {
    std::set<std::string> logs;
    for (const StreamOrder& order : deferred_orders()) {
      set_stream_order(order);
      log_.clear();
      put(main_, 'a');
      cudaEventRecord(fork_, main_);
      put(main_, 'b');
      EXPECT_EQ(cudaEventSynchronize(fork_), cudaSuccess);
      logs.insert(log_);
    }
    return logs;
  }();
  EXPECT_EQ(all, std::set<std::string>{"a"});
}

TEST_F(Streams, PageableMemoryIsTheCallersAgain) {
  set_stream_order({Kind::newest_first, 0});
  void* memory = nullptr;
  cudaMalloc(&memory, sizeof(int));
  int value = 1, back = 0;
  cudaMemcpyAsync(memory, &value, sizeof value, cudaMemcpyHostToDevice, main_);
  value = 2;
  cudaMemcpyAsync(&back, memory, sizeof back, cudaMemcpyDeviceToHost, main_);
  EXPECT_EQ(back, 1);
  // Pinned memory is read when the copy runs.
  void* pinned = nullptr;
  cudaHostAlloc(&pinned, sizeof(int), cudaHostAllocDefault);
  int& shared = *static_cast<int*>(pinned);
  shared = 3;
  cudaMemcpyAsync(memory, pinned, sizeof value, cudaMemcpyHostToDevice, main_);
  shared = 4;
  cudaMemcpyAsync(&back, memory, sizeof back, cudaMemcpyDeviceToHost, main_);
  EXPECT_EQ(back, 4);
  cudaFreeHost(pinned);
  put(main_, 'a');
  cudaFree(memory);
  EXPECT_EQ(log_, "a") << "freeing waits for the device";
}

TEST_F(Streams, AFailureReachesWhoeverWaitsAndEndsTheRest) {
  set_stream_order({Kind::newest_first, 0});
  submit(main_, [] { throw std::runtime_error("failed"); });
  put(main_, 'a');
  EXPECT_EQ(poster::test::error_of([&] { cudaStreamSynchronize(main_); }), "failed");
  EXPECT_EQ(cudaStreamSynchronize(main_), cudaSuccess);
  EXPECT_EQ(log_, "");
  put(main_, 'b');
  cudaStreamSynchronize(main_);
  EXPECT_EQ(log_, "b");
}

}  // namespace
}  // namespace cuda_simulator

// The stand-in's queue: graphs, planning, copies and events.
#include <gtest/gtest.h>

#include "kernels/cuda/kernel.cuh"
#include "kernels/cuda/partial_sums.cuh"
#include "kernels/cuda/reduce.cuh"
#include "tests/cuda_simulator/device_faults.h"
#include "tests/support/allocation_failure.h"
#include "tests/support/cuda_ops.h"
#include "tests/support/error_text.h"

namespace poster::kernels {
namespace {

using test::DeviceArray;
using test::error_of;
using test::expect_contains;

__global__ void write_one(float* out) { out[threadIdx.x] = 1; }

__global__ void add(float* out, const float* in, float value) {
  out[thread_rank()] += in[thread_rank()] + value;
}

TEST(SimulatedCudaQueue, AGraphReplaysWithTheArgumentsOfItsCapture) {
  CudaQueue queue;
  DeviceArray<float> out(std::vector<float>(32, 0)), in(std::vector<float>(32, 1));
  float* const host = static_cast<float*>(cuda_allocate_pinned(32 * sizeof(float)));
  float value = 10;
  CudaGraph graph;
  EXPECT_FALSE(graph.ready());
  graph.begin(queue);
  cuda_copy_to_device(queue, in.data(), host, 32 * sizeof(float));
  launch(queue, "add", add, 1, 32, 0, out.data(), in.data(), value);
  graph.end(queue);
  EXPECT_EQ(graph.nodes(), 2u);
  EXPECT_EQ(out.values(queue), std::vector<double>(32, 0)) << "capturing runs nothing";
  value = 1000;  // too late
  for (int i = 0; i < 32; ++i) host[i] = 100;
  graph.launch(queue);
  for (int i = 0; i < 32; ++i) host[i] = 200;
  graph.launch(queue);
  EXPECT_EQ(out.values(queue), std::vector<double>(32, 110 + 210));
  cuda_free_pinned(host);
}

TEST(SimulatedCudaQueue, WhatAGraphCannotHoldIsAnError) {
  CudaQueue queue;
  DeviceArray<float> array(4);
  float pageable[4] = {};
  CudaGraph graph;
  graph.begin(queue);
  EXPECT_THROW(cuda_copy_to_device(queue, array.data(), pageable, sizeof(pageable)), CudaError);
  EXPECT_THROW(cuda_allocate(16), CudaError);
  EXPECT_THROW(cuda_synchronize(queue), CudaError);
  expect_contains(error_of([&] { queue.scratch<float>(100); }), "planning");
  graph.abandon(queue);
  EXPECT_FALSE(graph.ready());
  EXPECT_THROW(graph.launch(queue), CudaError);
  EXPECT_NO_THROW(cuda_synchronize(queue));
}

// An L40S has 99 KB where an H200 has 227.
TEST(SimulatedCudaQueue, ADeviceWithLessSharedMemorySaysSo) {
  CudaQueue queue;
  DeviceArray<float> out(std::vector<float>(32, 0));
  cuda_simulator::set_shared_memory_limit(99 * 1024);
  launch(queue, "write_one", write_one, 1, 32, 99 * 1024, out.data());
  const std::string error =
      error_of([&] { launch(queue, "write_one", write_one, 1, 32, 100 * 1024, out.data()); });
  cuda_simulator::set_shared_memory_limit(227 * 1024);
  expect_contains(error, "write_one: no block may have that much shared memory (invalid argument)");
  expect_contains(error, "102400 bytes");
  EXPECT_NO_THROW(launch(queue, "write_one", write_one, 1, 32, 100 * 1024, out.data()));
}

TEST(SimulatedCudaQueue, APlanningQueueRunsNothingAndNotesScratch) {
  CudaQueue queue;
  DeviceArray<float> out(std::vector<float>(32, 7));
  queue.set_planning(true);
  launch(queue, "ranks", write_one, 1, 32, 0, out.data());
  EXPECT_THROW(launch(queue, "ranks", write_one, 1, 31, 0, out.data()), CudaError);
  queue.scratch<float>(1000);
  EXPECT_EQ(queue.scratch_peak(), 4000u);
  queue.set_planning(false);
  EXPECT_EQ(out.values(queue), std::vector<double>(32, 7));
  const std::size_t before = cuda_memory().free;
  queue.reserve_scratch(queue.scratch_peak());
  EXPECT_EQ(before - cuda_memory().free, 4000u);
  void* const first = queue.scratch<float>(10);
  EXPECT_EQ(queue.scratch<float>(1000), first);
  EXPECT_EQ(before - cuda_memory().free, 4000u);
  queue.restart_scratch_peak();
  queue.scratch<float>(1);
  EXPECT_EQ(queue.scratch_peak(), 4u);
}

constexpr int kSetColumns = 40, kSets = 3;

// Part p of column c is p + c.
__global__ void sum_parts(PartialSums a) {
  const auto column = [](int i) { return blockIdx.y * kSetColumns + static_cast<index_t>(i); };
  for (int i = thread_rank(); i < kSetColumns; i += thread_count())
    a.partials[blockIdx.x * a.columns + column(i)] = static_cast<float>(blockIdx.x + column(i));
  finish_sums(a, blockIdx.x, blockIdx.y, kSetColumns, column);
}

TEST(SimulatedCudaQueue, TheLastBlockSumsWhateverTheOrderAndLeavesTheCountersAtZero) {
  constexpr index_t kColumns = kSetColumns * kSets;
  CudaQueue queue;
  for (const index_t parts : {1, 31, 70}) {
    std::vector<double> expected;
    for (index_t c = 0; c < kColumns; ++c)
      expected.push_back(static_cast<double>(parts * (parts - 1) / 2 + parts * c));
    DeviceArray<float> out(kColumns), partials(parts * kColumns);
    const auto sum = [&] {
      queue.poison(partials.data(), static_cast<std::size_t>(parts * kColumns) * sizeof(float));
      queue.poison(out.data(), kColumns * sizeof(float));
      launch(queue, "sum_parts", sum_parts, dim3(static_cast<unsigned>(parts), kSets), 32, 0,
             PartialSums{.out = out.data(),
                         .partials = partials.data(),
                         .counters = queue.counters(kSets * kSumCounters),
                         .parts = parts,
                         .columns = kColumns});
    };
    for (int order = 0; order < test::order_count(); ++order) {
      test::choose_order(order);
      sum();
      EXPECT_EQ(out.values(queue), expected) << test::order_name(order);
    }
    CudaGraph graph;
    graph.begin(queue);
    sum();
    graph.end(queue);
    for (int replay = 0; replay < 2; ++replay) {
      graph.launch(queue);
      EXPECT_EQ(out.values(queue), expected) << replay;
    }
  }
  test::choose_order(0);
}

TEST(SimulatedCudaQueue, QueuesSideBySideHaveCountersOfTheirOwn) {
  CudaQueue queue;
  const std::unique_ptr<CudaQueue> other = queue.beside();
  EXPECT_NE(queue.counters(CudaQueue::kCounters), other->counters(1));
  expect_contains(error_of([&] { queue.counters(CudaQueue::kCounters + 1); }), "counters");
}

// The queue's own list can't grow: what was allocated for it is not lost.
TEST(SimulatedCudaQueue, ScratchIsFreedWhereTheHostHasNoMemory) {
  const std::size_t before = cuda_memory().free;
  int failures = 0;
  for (bool failed = true; failed;) {
    {
      CudaQueue queue;
      test::allocations_left = failures;
      failed = error_of([&] { queue.reserve_scratch(4000); }) != "";
      test::allocations_left = test::kNever;
    }
    EXPECT_EQ(cuda_memory().free, before) << failures;
    failures += failed;
  }
  EXPECT_GE(failures, 1);
}

TEST(SimulatedCudaQueue, CopiesThatLeaveDeviceMemoryAreErrors) {
  CudaQueue queue;
  void* const memory = cuda_allocate(64);
  std::vector<char> host(65);
  EXPECT_NO_THROW(cuda_copy_to_device(queue, memory, host.data(), 64));
  const std::string message = error_of([&] { cuda_copy_to_device(queue, memory, host.data(), 65); });
  expect_contains(message, "cudaMemcpyAsync");
  expect_contains(message, "cuda_device.cpp");
  cuda_free(memory);
  EXPECT_THROW(cuda_copy_to_host(queue, host.data(), memory, 1), CudaError);
  EXPECT_THROW(CudaQueue(1), CudaError);
}

TEST(SimulatedCudaQueue, EventsMeasure) {
  CudaQueue queue;
  CudaEvent start, end;
  start.record(queue);
  end.record(queue);
  end.wait();
  EXPECT_GE(end.milliseconds_since(start), 0);
}

}  // namespace
}  // namespace poster::kernels

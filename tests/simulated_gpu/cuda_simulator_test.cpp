// The stand-in for the CUDA runtime itself: what it computes, and what mistakes it finds.
#include <gtest/gtest-spi.h>
#include <gtest/gtest.h>

#include <cmath>
#include <set>
#include <stdexcept>

#include "kernels/cuda/kernel.cuh"
#include "kernels/cuda/reduce.cuh"
#include "kernels/cuda/vector.cuh"
#include "tests/cuda_simulator/order.h"
#include "tests/support/cuda_ops.h"
#include "tests/support/error_text.h"

namespace poster::kernels {
namespace {

using test::DeviceArray;
using test::error_of;
using test::expect_contains;
using test::Results;

// Results of one float kernel with `count` outputs in the order set.
template <typename Kernel, typename... Arguments>
std::vector<double> outputs(Kernel kernel, index_t count, dim3 grid, dim3 block, std::size_t shared_bytes = 0,
                            Arguments... arguments) {
  CudaQueue queue;
  DeviceArray<float> out(count);
  launch(queue, "test", kernel, grid, block, shared_bytes, out.data(), arguments...);
  return out.values(queue);
}

// Different results of a kernel under the orders there are.
template <typename Kernel>
std::size_t different_results(Kernel kernel, index_t count, dim3 block) {
  std::set<std::string> seen;
  for (int order = 0; order < test::order_count(); ++order) {
    test::choose_order(order);
    const std::vector<double> values = outputs(kernel, count, 1, block);
    seen.emplace(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(double));
  }
  test::choose_order(0);
  return seen.size();
}

__global__ void write_ranks(float* out) {
  const unsigned block = blockIdx.x + gridDim.x * (blockIdx.y + gridDim.y * blockIdx.z);
  out[block * thread_count() + thread_rank()] = static_cast<float>(block * 1000 + thread_rank());
}

TEST(CudaSimulator, RunsEveryThreadOfEveryBlock) {
  std::vector<double> expected;
  for (int block = 0; block < 3 * 2 * 2; ++block)
    for (int thread = 0; thread < 64; ++thread) expected.push_back(block * 1000 + thread);
  for (int order = 0; order < test::order_count(); ++order) {
    test::choose_order(order);
    EXPECT_EQ(outputs(write_ranks, 12 * 64, dim3(3, 2, 2), dim3(4, 8, 2)), expected);
  }
  test::choose_order(0);
}

__global__ void shuffles(float* out) {
  const int lane = lane_index(), rank = thread_rank();
  float* const o = out + rank * 8;
  const int value = 100 * warp_index() + lane;
  o[0] = __shfl_sync(kAllLanes, value, 5);
  o[1] = __shfl_sync(kAllLanes, value, 3, 8);
  o[2] = __shfl_xor_sync(kAllLanes, value, 6);
  o[3] = __shfl_down_sync(kAllLanes, value, 2, 16);
  o[4] = __shfl_up_sync(kAllLanes, value, 2, 16);
  o[5] = __ballot_sync(kAllLanes, lane % 3 == 0) % 65536;
  o[6] = __any_sync(kAllLanes, lane == 7) + 2 * __all_sync(kAllLanes, lane < 31);
  o[7] = lane < 16 ? __shfl_sync(0x0000FFFFu, value, 15) : __shfl_sync(0xFFFF0000u, value, 16);
}

TEST(CudaSimulator, WarpOperationsFollowTheProgrammingGuide) {
  std::vector<double> expected;
  for (int warp = 0; warp < 2; ++warp)
    for (int lane = 0; lane < 32; ++lane) {
      const int base = 100 * warp, half = lane / 16 * 16;
      expected.insert(expected.end(),
                      {double(base + 5), double(base + lane / 8 * 8 + 3), double(base + (lane ^ 6)),
                       double(base + (lane + 2 < half + 16 ? lane + 2 : lane)),
                       double(base + (lane - 2 >= half ? lane - 2 : lane)), double(0x9249), 1,
                       double(base + (lane < 16 ? 15 : 16))});
    }
  for (int order = 0; order < test::order_count(); ++order) {
    test::choose_order(order);
    EXPECT_EQ(outputs(shuffles, 2 * 32 * 8, 1, 64), expected);
  }
  test::choose_order(0);
}

struct Pair {
  int lane;
  double square;
};
__global__ void exchange(float* out) {
  const int lane = lane_index();
  float sum = 0;
  for (int round = 1; round <= 3; ++round)
    for (const Pair& pair : cuda_simulator::warp_exchange(Pair{lane, double(lane * lane * round)}))
      sum += static_cast<float>(pair.lane + pair.square);
  out[lane] = sum;
}

TEST(CudaSimulator, AWarpExchangesStructs) {
  EXPECT_EQ(outputs(exchange, 32, 1, 32), std::vector<double>(32, 3 * 496 + 6 * 10416));
}

__global__ void sums(float* out) {
  const float mine = 1.0f / static_cast<float>(1 + thread_rank());
  const float first = block_sum(mine), second = block_sum(mine * mine);
  out[2 * thread_rank()] = first;
  out[2 * thread_rank() + 1] = second + block_max(mine * static_cast<float>(thread_rank() % 50));
}

TEST(CudaSimulator, BlockSumsReachEveryThreadWithTheSameBits) {
  for (const int threads : {32, 96, 256, 1024}) {
    const Results results = test::for_each_order([&] {
      return Results{{"out", outputs(sums, 2 * threads, 1, threads)}};
    });
    double harmonic = 0, squares = 0, largest = 0;
    for (int t = 0; t < threads; ++t) {
      harmonic += 1.0 / (t + 1);
      squares += 1.0 / (t + 1) / (t + 1);
      largest = std::max(largest, t % 50 / (t + 1.0));
    }
    const std::vector<double>& out = results.at("out");
    EXPECT_NEAR(out[0], harmonic, 1e-5);
    EXPECT_NEAR(out[1], squares + largest, 1e-5);
    for (int t = 1; t < threads; ++t) {
      EXPECT_EQ(out[2 * t], out[0]);
      EXPECT_EQ(out[2 * t + 1], out[1]);
    }
  }
}

struct Line {
  float values[128];
};

__global__ void neighbours(float* out, bool with_barrier) {
  auto& line = block_shared<Line>().values;
  const int t = thread_rank();
  line[t] = static_cast<float>(t);
  if (with_barrier) __syncthreads();
  out[t] = line[(t + 40) % 128];
}
__global__ void neighbours_right(float* out) { neighbours(out, true); }
__global__ void neighbours_wrong(float* out) { neighbours(out, false); }

TEST(CudaSimulator, AMissingBarrierAfterAWriteShows) {
  EXPECT_EQ(different_results(neighbours_right, 128, 128), 1u);
  EXPECT_GT(different_results(neighbours_wrong, 128, 128), 1u);
}

// Each round rewrites what the other threads still read in the round before.
template <bool with_barrier>
__global__ void rounds(float* out) {
  auto& line = block_shared<Line>().values;
  const int t = thread_rank();
  float sum = 0;
  for (int round = 0; round < 3; ++round) {
    line[t] = static_cast<float>(t * (round + 1));
    __syncthreads();
    sum += line[(t + 33) % 128];
    if (with_barrier) __syncthreads();
  }
  out[t] = sum;
}

TEST(CudaSimulator, AMissingBarrierBeforeAWriteShows) {
  EXPECT_EQ(different_results(rounds<true>, 128, 128), 1u);
  EXPECT_GT(different_results(rounds<false>, 128, 128), 1u);
}

// Lanes of a warp, too, need a barrier.
__global__ void lanes_without_barrier(float* out) {
  auto& line = block_shared<Line>().values;
  line[thread_rank()] = static_cast<float>(thread_rank());
  out[thread_rank()] = line[thread_rank() ^ 1];
}
__global__ void lanes_with_barrier(float* out) {
  auto& line = block_shared<Line>().values;
  line[thread_rank()] = static_cast<float>(thread_rank());
  __syncwarp();
  out[thread_rank()] = line[thread_rank() ^ 1];
}

TEST(CudaSimulator, AMissingWarpBarrierShows) {
  EXPECT_EQ(different_results(lanes_with_barrier, 64, 64), 1u);
  EXPECT_GT(different_results(lanes_without_barrier, 64, 64), 1u);
}

__global__ void some_leave(float* out) {
  if (thread_rank() >= 40) return;
  __syncthreads();
  out[0] = 1;
}
__global__ void two_places(float*) {
  if (thread_rank() % 2 == 0)
    __syncthreads();
  else
    __syncthreads();
}
__global__ void shuffle_in_a_branch(float* out) {
  if (lane_index() < 20) out[0] = __shfl_sync(kAllLanes, 1.0f, 0);
}
__global__ void shuffle_from_outside(float* out) {
  if (lane_index() < 16) out[0] = __shfl_sync(0x0000FFFFu, 1.0f, 20);
}
__global__ void mask_without_me(float* out) { out[0] = __shfl_sync(0x0000FFFFu, 1.0f, 0); }

TEST(CudaSimulator, DivergenceIsAnErrorThatNamesOpAndPlaces) {
  auto message = [](auto kernel) { return error_of([&] { outputs(kernel, 1, 1, 64); }); };
  for (int order = 0; order < test::order_count(); ++order) {
    test::choose_order(order);
    expect_contains(message(some_leave), "test: block (0, 0, 0)");
    expect_contains(message(some_leave), "24 threads have ended; 40 threads wait at __syncthreads");
    expect_contains(message(two_places), "32 threads wait at __syncthreads");
    expect_contains(message(two_places), "cuda_simulator_test.cpp");
    expect_contains(message(shuffle_in_a_branch), "mask 0xffffffff, lanes 0x000fffff came");
    expect_contains(message(shuffle_from_outside), "from a lane that its mask doesn't name");
    expect_contains(message(mask_without_me), "by a lane that its mask doesn't name");
  }
  test::choose_order(0);
  EXPECT_EQ(outputs(write_ranks, 32, 1, 32)[31], 31) << "the executor goes on after errors";
}

__global__ void throws_in_the_middle(float* out) {
  __syncthreads();
  if (thread_rank() == 33) throw std::runtime_error("thrown inside");
  __syncthreads();
  out[0] = 1;
}

TEST(CudaSimulator, ExceptionsReachTheCaller) {
  EXPECT_EQ(error_of([] { outputs(throws_in_the_middle, 1, 1, 64); }), "thrown inside");
}

TEST(CudaSimulator, ShapesThatNoGpuTakesAreErrors) {
  CudaQueue queue;
  auto message = [&](dim3 grid, dim3 block, std::size_t shared_bytes) {
    return error_of([&] {
      launch(queue, "some_op", write_ranks, grid, block, shared_bytes, static_cast<float*>(nullptr));
    });
  };
  expect_contains(message(1, 33, 0), "multiple of 32");
  expect_contains(message(1, 1056, 0), "too large");
  expect_contains(message(dim3(1, 65536), 32, 0), "grid is too large");
  expect_contains(message(1, 32, 228 * 1024), "227 KB");
  expect_contains(message(1, 33, 0), "some_op");
  expect_contains(message(1, 33, 0), "cuda_simulator_test.cpp");
  EXPECT_EQ(message(0, 32, 0), "") << "an empty grid is no error";
  EXPECT_NE(error_of([] { cuda_simulator::check_shape("op", std::source_location::current(), 1, 2048, 0); }),
            "");
}

__global__ void reads_unwritten(float* out) {
  out[thread_rank()] = thread_rank() % 2 ? block_shared<Line>().values[3] : dynamic_shared<float>()[7];
}

TEST(CudaSimulator, UnwrittenMemoryIsNaN) {
  for (const double value : outputs(reads_unwritten, 32, 1, 32, 32)) EXPECT_TRUE(std::isnan(value));
  DeviceArray<Half> half(3);
  CudaQueue queue;
  for (const double value : half.values(queue)) EXPECT_TRUE(std::isnan(value));
  float* const scratch = queue.scratch<float>(5);
  float values[5] = {};
  cuda_copy_to_host(queue, values, scratch, sizeof(values));
  for (const float value : values) EXPECT_TRUE(std::isnan(value));
}

__global__ void leaves_shared_memory_written(float* out) {
  auto& line = block_shared<Line>().values;
  if (thread_rank() == 0) out[blockIdx.x] = line[0];
  line[0] = dynamic_shared<float>()[0] = 1;
}

TEST(CudaSimulator, SharedMemoryIsNaNAgainForEveryBlock) {
  for (const double value : outputs(leaves_shared_memory_written, 3, 3, 32, 4))
    EXPECT_TRUE(std::isnan(value));
}

__global__ void forgets_the_tail(float* out) {
  if (thread_rank() < 30) out[thread_rank()] = 1;
}

TEST(CudaSimulator, AnUnwrittenTailStaysNaN) {
  const auto values = outputs(forgets_the_tail, 32, 1, 32);
  EXPECT_FALSE(std::isnan(values[29]));
  EXPECT_TRUE(std::isnan(values[30]) && std::isnan(values[31]));
  EXPECT_FALSE(test::close<float>(values, std::vector<double>(32, 1), 1));
}

__global__ void writes_one_too_many(float* out) { out[thread_rank()] = 1; }

TEST(CudaSimulator, AWriteBeyondAnArrayIsFound) {
#if defined(__SANITIZE_ADDRESS__)
  EXPECT_DEATH(outputs(writes_one_too_many, 31, 1, 32), "use-after-poison");
#else
  EXPECT_NONFATAL_FAILURE(outputs(writes_one_too_many, 31, 1, 32), "a kernel wrote after an array");
#endif
}

__global__ void overruns_dynamic(float*) { dynamic_shared<float>()[thread_rank() + 1] = 1; }
__global__ void overruns_static(float*) { block_shared<Line>().values[thread_rank() + 100] = 1; }
__global__ void asks_for_too_much(float* out) {
  struct Large {
    float values[13000];
  };
  out[0] = block_shared<Large>().values[0];
}

TEST(CudaSimulator, SharedMemoryIsBounded) {
  expect_contains(error_of([] { outputs(overruns_dynamic, 1, 1, 32); }), "the launch asked for none");
  expect_contains(error_of([] { outputs(asks_for_too_much, 1, 1, 32); }), "48 KB");
#if defined(__SANITIZE_ADDRESS__)
  EXPECT_DEATH(outputs(overruns_dynamic, 1, 1, 32, 32 * sizeof(float)), "heap-buffer-overflow");
  EXPECT_DEATH(outputs(overruns_static, 1, 1, 32), "heap-buffer-overflow");
#else
  expect_contains(error_of([] { outputs(overruns_dynamic, 1, 1, 32, 32 * sizeof(float)); }),
                  "beyond the end");
  expect_contains(error_of([] { outputs(overruns_static, 1, 1, 32); }), "beyond the end");
#endif
}

template <bool fence, bool barrier>
__global__ void arrives(float* out, unsigned* counter) {
  out[thread_rank()] = 1;
  if (fence) __threadfence();
  if (barrier) __syncthreads();
  if (thread_rank() == 0) atomicInc(counter, 0);
}

TEST(CudaSimulator, ABlockThatArrivesBeforeItsThreadsHaveWrittenIsAnError) {
  CudaQueue queue;
  unsigned* const counter = queue.counters(1);
  EXPECT_NO_THROW(outputs(arrives<true, true>, 64, 1, 64, 0, counter));
  for (auto* const wrong : {arrives<false, true>, arrives<true, false>})
    expect_contains(error_of([&] { outputs(wrong, 64, 1, 64, 0, counter); }), "__threadfence");
}

template <typename T>
__global__ void doubled_vectors(T* out, const T* in) {
  constexpr int N = kVectorSize<T>;
  Floats<N> values = load<N>(in + thread_rank() * N);
  for (int i = 0; i < N; ++i) values[i] *= 2;
  store(out + thread_rank() * N, values);
}

template <typename T>
void expect_vectors_to_work() {
  const index_t n = 32 * kVectorSize<T>;
  std::vector<double> values, expected;
  for (index_t i = 0; i < n; ++i) {
    values.push_back(static_cast<double>(i));
    expected.push_back(static_cast<double>(2 * i));
  }
  CudaQueue queue;
  const DeviceArray<T> in(test::rounded_to<T>(values)), crooked(test::rounded_to<T>(values), 1);
  DeviceArray<T> out(n);
  launch(queue, "vectors", doubled_vectors<T>, 1, 32, 0, out.data(), in.data());
  EXPECT_EQ(out.values(queue), expected);
  EXPECT_TRUE(vectors_fit<kVectorSize<T>>(n, in.data(), out.data()));
  EXPECT_FALSE(vectors_fit<kVectorSize<T>>(n, in.data(), crooked.data()));
  EXPECT_FALSE(vectors_fit<kVectorSize<T>>(n + 1, in.data()));
  expect_contains(
      error_of([&] { launch(queue, "vectors", doubled_vectors<T>, 1, 32, 0, out.data(), crooked.data()); }),
      "not aligned");
}

TEST(CudaSimulator, VectorsOfSixteenBytes) {
  expect_vectors_to_work<float>();
  expect_vectors_to_work<Half>();
}

}  // namespace
}  // namespace poster::kernels

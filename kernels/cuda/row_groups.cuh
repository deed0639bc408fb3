// How blocks share out a map [rows, channels] when each thread keeps what it knows, or sums up, about its
// channels in registers.
//
// A block has `lanes` threads side by side, each with N neighbouring channels, for each of `slots` rows: a
// group. Blocks along x take every gridDim.x-th group, so that all of them move over the map together; blocks
// along y take the channels that one block's lanes don't reach.
#pragma once

#include "kernels/cuda/launch.cuh"
#include "kernels/cuda/partial_sums.cuh"
#include "kernels/cuda/shared.cuh"
#include "kernels/cuda/vector.cuh"

namespace poster::kernels {

inline constexpr int kGroupThreads = 256;

struct RowGroups {
  RowGroups(index_t row_count, index_t channel_count, int vector_size)
      : rows(row_count), channels(channel_count) {
    const index_t vectors = ceil_div(channels, vector_size);
    const index_t most = vectors < kGroupThreads ? vectors : kGroupThreads;
    tiles = ceil_div(vectors, most);
    lanes = static_cast<int>(ceil_div(vectors, tiles));
    slots = kGroupThreads / lanes;
    groups = ceil_div(rows, slots);
  }
  // Threads of a block; the last may have nothing to do.
  unsigned threads() const { return static_cast<unsigned>(round_up(lanes * slots, 32)); }
  // Channels of a block, from its first one on.
  __device__ index_t first_channel(int vector_size) const {
    return static_cast<index_t>(blockIdx.y) * lanes * vector_size;
  }
  __device__ int channel_count(int vector_size) const {
    const index_t rest = channels - first_channel(vector_size),
                  most = static_cast<index_t>(lanes) * vector_size;
    return static_cast<int>(rest < most ? rest : most);
  }
  dim3 grid(index_t parts) const { return dim3(static_cast<unsigned>(parts), static_cast<unsigned>(tiles)); }

  index_t rows, channels, groups, tiles;
  int lanes, slots;
};

// Rows that a thread reads before it uses the first.
template <int N>
inline constexpr int kRowsAhead = N == 1 ? 4 : 16 / N;

// Blocks along x that sum over rows, each of which gives one partial result: fewer where a thread would have
// less than four rows. Depends on sizes alone.
template <typename T>
index_t parts_of(index_t rows, index_t channels, index_t most) {
  const RowGroups g(rows, channels, channels % kVectorSize<T> == 0 ? kVectorSize<T> : 1);
  const index_t parts = ceil_div(g.groups, 4);
  return parts < 1 ? 1 : parts < most ? parts : most;
}
// The most that such kernels ask for: as many as the multiprocessors of a large device, 132, have room for,
// which is two blocks or four each with the registers that the kernels take.
inline constexpr index_t kPartsOfTwo = 264, kPartsOfFour = 528;

// Blocks along x where nothing is summed: at most 12 for each multiprocessor, to have them done at the same
// time with two, three or four at once.
inline index_t blocks_of(const RowGroups& g) { return g.groups < 1584 ? g.groups : 1584; }

template <int N>
struct RowThread {
  __device__ explicit RowThread(const RowGroups& g)
      : lane(static_cast<int>(threadIdx.x) % g.lanes),
        slot(static_cast<int>(threadIdx.x) / g.lanes),
        channel((static_cast<index_t>(blockIdx.y) * g.lanes + lane) * N),
        works(slot < g.slots && channel < g.channels) {}

  int lane, slot;
  index_t channel;  // the first of N
  bool works;       // has channels, and rows if there are enough
};

// Calls read(u, offset) for U of the thread's rows, then use(u, offset) for the same, until it has been
// through all; offset is that of its first channel in the row, u < U says which of the U. Backwards, groups
// are taken from the last one on: what an earlier kernel read last may still be in the cache.
template <int U, bool kBackwards, int N, typename Read, typename Use>
__device__ void for_rows(const RowGroups& g, const RowThread<N>& t, Read read, Use use) {
  if (!t.works) return;
  const std::uint64_t end = g.rows * g.channels;
  const index_t group = kBackwards ? g.groups - 1 - blockIdx.x : blockIdx.x;
  const index_t step = (kBackwards ? -g.slots : g.slots) * g.channels * gridDim.x;
  index_t offset = (group * g.slots + t.slot) * g.channels + t.channel;
  for (index_t todo = g.groups - blockIdx.x; todo > 0; todo -= U * static_cast<index_t>(gridDim.x)) {
    // Rows that the map doesn't have lie beyond its end or, as unsigned numbers, far beyond it.
#pragma unroll
    for (int u = 0; u < U; ++u)
      if (static_cast<std::uint64_t>(offset + u * step) < end) read(u, offset + u * step);
#pragma unroll
    for (int u = 0; u < U; ++u)
      if (static_cast<std::uint64_t>(offset + u * step) < end) use(u, offset + u * step);
    offset += U * step;
  }
}

// finish_sums() of kernels/cuda/partial_sums.cuh for sums of the block's channels, `kinds` of them.
template <int N>
__device__ void finish_channel_sums(const PartialSums& sums, const RowGroups& g, int kinds) {
  const index_t first = g.first_channel(N);
  const int count = g.channel_count(N);
  finish_sums(sums, blockIdx.x, blockIdx.y, kinds * count,
              [&](int i) { return i / count * g.channels + first + i % count; });
}

template <int N>
struct SlotValues {
  alignas(16) float values[N * kGroupThreads];  // [slots, lanes, N]
};

// Gives slot 0 the sums over all slots, in an order that their number fixes; the others' sums are changed.
// All threads of the block must call.
template <int N, int K>
__device__ void sum_slots(const RowGroups& g, const RowThread<N>& t, Floats<N> (&sums)[K]) {
  float* const shared = block_shared<SlotValues<K * N>>().values;
  const int mine = (t.slot * g.lanes + t.lane) * N;
  int half = 1;
  while (2 * half < g.slots) half *= 2;
  __syncthreads();  // what an earlier call wrote may still be read
  for (; half > 0 && half < g.slots; half /= 2) {
    if (t.slot >= half && t.slot < 2 * half && t.slot < g.slots)
#pragma unroll
      for (int k = 0; k < K; ++k) store(shared + k * N * kGroupThreads + mine, sums[k]);
    __syncthreads();
    if (t.slot < half && t.slot + half < g.slots)
#pragma unroll
      for (int k = 0; k < K; ++k) {
        const Floats<N> others = load<N>(shared + k * N * kGroupThreads + mine + half * g.lanes * N);
#pragma unroll
        for (int i = 0; i < N; ++i) sums[k][i] += others[i];
      }
  }
}

// Gives all slots the values of slot 0. All threads of the block must call.
template <int N>
__device__ Floats<N> from_slot_zero(const RowThread<N>& t, const Floats<N>& values) {
  float* const shared = block_shared<SlotValues<N>>().values;
  __syncthreads();  // what an earlier call wrote may still be read
  if (t.slot == 0) store(shared + t.lane * N, values);
  __syncthreads();
  return load<N>(shared + t.lane * N);
}

}  // namespace poster::kernels

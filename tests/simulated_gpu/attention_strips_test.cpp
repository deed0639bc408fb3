// The gradient of the bias table where the strips of all windows would take too much scratch: blocks then add
// up several windows' in one.
#include <gtest/gtest.h>

#include "kernels/attention/launch.cuh"
#include "kernels/window_attention/window_attention.h"
#include "tests/support/buffers.h"
#include "tests/support/cuda_ops.h"

namespace poster::kernels {

extern template struct CudaKernel<WindowAttentionForward<float>>;
extern template struct CudaKernel<WindowAttentionForward<Half>>;
extern template struct CudaKernel<WindowAttentionBackward<float>>;
extern template struct CudaKernel<WindowAttentionBackward<Half>>;

namespace {

using test::close;
using test::DeviceArray;
using test::random_values;
using test::Results;

constexpr WindowAttentionShape kWindowShape{
    .batch = 5, .windows_per_image = 1, .window = 9, .heads = 2, .head_size = 8, .scale = 0.35};
constexpr int kTokens = 81, kChannels = 16, kEntries = 17 * 17 * 2;

constexpr HeadLayout kLayout{.items = 5,
                             .heads = 2,
                             .head_size = 8,
                             .queries = kTokens,
                             .keys = kTokens,
                             .items_per_q = 1,
                             .q_item = kTokens * kChannels,
                             .q_stride = kChannels,
                             .kv_item = 2 * kTokens * kChannels,
                             .kv_stride = 2 * kChannels,
                             .out_item = kTokens * kChannels,
                             .out_stride = kChannels,
                             .scale = 0.35f,
                             .window = 9,
                             .vectors = true};

// With scratch for `most_pairs` pairs of sums; as the public function does it when that is 0.
template <typename T>
Results run_strips(index_t most_pairs) {
  const index_t map = kWindowShape.batch * kTokens * kChannels;
  const DeviceArray<T> q(random_values<T>(map, 1)), kv(random_values<T>(2 * map, 2)),
      dout(random_values<T>(map, 3));
  const DeviceArray<float> table(random_values<float>(kEntries, 4));
  DeviceArray<T> out(map), dkv(2 * map);
  DeviceArray<float> lse(kWindowShape.batch * kWindowShape.heads * kTokens), dtable(kEntries);
  CudaQueue queue;
  kernels::run(queue, WindowAttentionForward<T>{.out = out.data(),
                                                .lse = lse.data(),
                                                .q = q.data(),
                                                .kv = kv.data(),
                                                .table = table.data(),
                                                .shape = kWindowShape});
  if (most_pairs == 0) {
    kernels::run(queue, WindowAttentionBackward<T>{.dq = nullptr,
                                                   .dkv = dkv.data(),
                                                   .dtable = dtable.data(),
                                                   .dout = dout.data(),
                                                   .out = out.data(),
                                                   .lse = lse.data(),
                                                   .q = q.data(),
                                                   .kv = kv.data(),
                                                   .table = table.data(),
                                                   .shape = kWindowShape});
  } else {
    const HeadsBackward<T> heads{
        nullptr,  dkv.data(), dkv.data() + kChannels, dtable.data(), dout.data(), out.data(), lse.data(),
        q.data(), kv.data(),  kv.data() + kChannels,  table.data(),  kLayout};
    launch_heads_backward<32, true>(queue, "backward", heads, most_pairs);
  }
  return {{"dkv", dkv.values(queue)}, {"dtable", dtable.values(queue)}};
}

class AttentionStrips : public test::CudaTest {};

TEST_F(AttentionStrips, WindowsOfAGroupAddUp) {
  const HeadLayout& l = kLayout;
  EXPECT_EQ(bias_strips(l, 64, 64, kMaxPairs).groups, 5);
  const index_t of_one_window = 2 * 2 * (2 * 64 + 64);  // heads, key tiles, differences
  EXPECT_EQ(bias_strips(l, 64, 64, 2 * of_one_window).items_per_group, 3);
  EXPECT_EQ(bias_strips(l, 64, 64, 2 * of_one_window).groups, 2);
  EXPECT_EQ(bias_strips(l, 64, 64, 1).groups, 1);

  const auto check = [&]<typename T>(T) {
    const Results separate = run_strips<T>(0);
    for (const index_t most_pairs : {2 * of_one_window, index_t(1)}) {
      const Results grouped = test::for_each_order([&] { return run_strips<T>(most_pairs); });
      EXPECT_EQ(grouped.at("dkv"), separate.at("dkv"));
      EXPECT_TRUE(close<float>(grouped.at("dtable"), separate.at("dtable"), 1e-6));
    }
  };
  check(float());
  check(Half());
}

}  // namespace
}  // namespace poster::kernels

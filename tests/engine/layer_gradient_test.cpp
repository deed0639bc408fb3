// Every layer's backward pass against central differences.
#include <gtest/gtest.h>

#include "engine/layers/batch_norm.h"
#include "engine/layers/conv2d.h"
#include "engine/layers/cross_attention.h"
#include "engine/layers/layer_norm.h"
#include "engine/layers/linear.h"
#include "engine/layers/mlp.h"
#include "engine/layers/prelu.h"
#include "engine/layers/residual_branch.h"
#include "engine/layers/se_block.h"
#include "engine/layers/self_attention.h"
#include "engine/layers/token_conv.h"
#include "engine/layers/window_cross_attention.h"
#include "tests/support/layer_gradient.h"

namespace poster {
namespace {

using test::LayerBench;
using Tensors = LayerBench::Tensors;

// A layer with one input.
template <typename Layer>
void check_layer(LayerBench& bench, Layer& layer, Shape shape, double tolerance = 1e-6) {
  bench.start();
  bench.check(
      {shape}, [&](auto& c, const Tensors& x) { return layer.forward(c, x[0]); },
      [&](auto& c, const auto& dy) { return Tensors{layer.backward(c, dy)}; }, tolerance);
}

TEST(LayerGradient, Conv2d) {
  for (const index_t stride : {1, 2}) {
    LayerBench bench;
    Conv2d<double> layer(bench.table, "conv",
                         {.in = 5, .out = 7, .kernel = 3, .stride = stride, .padding = 1, .bias = true});
    check_layer(bench, layer, {2, 9, 7, 5});
  }
}

TEST(LayerGradient, Conv2dWithoutInputGradient) {
  LayerBench bench;
  Conv2d<double> layer(bench.table, "conv", {.in = 3, .out = 4, .kernel = 3, .padding = 1});
  bench.start();
  bench.check(
      {{1, 6, 5, 3}}, [&](auto& c, const Tensors& x) { return layer.forward(c, x[0]); },
      [&](auto& c, const auto& dy) { return Tensors{layer.backward(c, dy, Gradient::ignore)}; });
}

TEST(LayerGradient, DepthwiseConv2d) {
  for (const index_t stride : {1, 2}) {
    LayerBench bench;
    DepthwiseConv2d<double> layer(bench.table, "conv",
                                  {.in = 6, .out = 6, .kernel = 3, .stride = stride, .padding = 1});
    check_layer(bench, layer, {2, 7, 5, 6});
  }
}

TEST(LayerGradient, BatchNorm) {
  LayerBench bench;
  BatchNorm<double> layer(bench.table, "bn", 5);
  check_layer(bench, layer, {3, 4, 3, 5});
}

TEST(LayerGradient, BatchNormWithPRelu) {
  LayerBench bench;
  BatchNorm<double> layer(bench.table, "bn", 5, Role::trained, "prelu");
  check_layer(bench, layer, {1, 4, 3, 5});
}

TEST(LayerGradient, BatchNormWithResidual) {
  LayerBench bench;
  BatchNorm<double> layer(bench.table, "bn", 4);
  bench.start();
  bench.check(
      {{2, 3, 3, 4}, {2, 3, 3, 4}}, [&](auto& c, const Tensors& x) { return layer.forward(c, x[0], x[1]); },
      [&](auto& c, const auto& dy) {
        return Tensors{layer.backward(c, dy), dy};
      });
}

TEST(LayerGradient, PRelu) {
  LayerBench bench;
  PRelu<double> layer(bench.table, "prelu", 7);
  check_layer(bench, layer, {2, 3, 3, 7});
}

TEST(LayerGradient, Linear) {
  LayerBench bench;
  Linear<double> layer(bench.table, "linear", 7, 5);
  check_layer(bench, layer, {2, 3, 7});
}

TEST(LayerGradient, LayerNorm) {
  LayerBench bench;
  LayerNorm<double> layer(bench.table, "norm", 11, 1e-5);
  check_layer(bench, layer, {2, 5, 11});
}

TEST(LayerGradient, Mlp) {
  LayerBench bench;
  Mlp<double> layer(bench.table, "mlp", 6, 13);
  check_layer(bench, layer, {2, 3, 6});
}

TEST(LayerGradient, SeBlock) {
  LayerBench bench;
  SeBlock<double> layer(bench.table, "se", 9);
  check_layer(bench, layer, {3, 9});
}

TEST(LayerGradient, ResidualBranchWithLayerScaleAndDropPath) {
  for (const bool gamma : {true, false})
    for (const double rate : {0.0, 0.5}) {
      LayerBench bench;
      ResidualBranch<double> layer(
          bench.table, 5, {.gamma = gamma ? "gamma" : "", .drop_path = "ffn.drop_path", .drop_rate = rate});
      bench.start();
      bench.hooks().drop_path_factors = [](std::string_view, int, double r) {
        return std::vector<double>{1 / (1 - r), 0, 1 / (1 - r)};
      };
      bench.check(
          {{3, 4, 5}, {3, 4, 5}}, [&](auto& c, const Tensors& x) { return layer.forward(c, x[0], x[1]); },
          [&](auto& c, const auto& dy) {
            Tensor<double> df = layer.backward(c, dy);
            return Tensors{dy, df};
          });
    }
}

TEST(LayerGradient, SelfAttention) {
  for (const Queries queries : {Queries::all, Queries::class_token})
    for (const index_t batch : {1, 2}) {
      LayerBench bench;
      SelfAttention<double> layer(bench.table, "attn", 12, 3);
      bench.start();
      bench.check(
          {{batch, 5, 12}}, [&](auto& c, const Tensors& x) { return layer.forward(c, x[0], queries); },
          [&](auto& c, const auto& dy) { return Tensors{layer.backward(c, dy)}; });
    }
}

// One window, and six windows in each image.
TEST(LayerGradient, WindowCrossAttention) {
  for (const auto& [rows, columns] : {std::pair<index_t, index_t>{1, 1}, {2, 3}}) {
    const index_t window = 3, width = 8;
    LayerBench bench;
    WindowCrossAttention<double> layer(bench.table, "attn", width, 2, window);
    bench.start();
    bench.check(
        {{2, rows * window, columns * window, width}, {2, window, window, width}},
        [&](auto& c, const Tensors& x) { return layer.forward(c, x[0], x[1]); },
        [&](auto& c, const auto& dy) {
          Tensor<double> dq = c.tensor({2, window, window, width});
          Tensor<double> dx = layer.backward(c, dy, dq);
          return Tensors{dx, dq};
        });
  }
}

// Fewer and more queries than keys.
TEST(LayerGradient, CrossAttention) {
  for (const index_t queries : {3, 5, 7})
    for (const index_t batch : {1, 2}) {
      LayerBench bench;
      CrossAttention<double> layer(bench.table, "attn", 12, 3);
      bench.start();
      bench.check(
          {{batch, 5, 12}, {batch, queries, 12}},
          [&](auto& c, const Tensors& x) { return layer.forward(c, x[0], x[1]); },
          [&](auto& c, const auto& dy) {
            Tensor<double> dx = c.tensor({batch, 5, 12}), dq = c.tensor({batch, queries, 12});
            layer.backward(c, dy, dx, dq);
            return Tensors{dx, dq};
          });
    }
}

TEST(LayerGradient, TokenConv) {
  for (const index_t kernel : {1, 2, 4}) {
    LayerBench bench;
    TokenConv<double> layer(bench.table, "conv", 5, 7, kernel);
    check_layer(bench, layer, {3, 8, 5});
  }
}

// Adding to what is there already.
TEST(LayerGradient, TokenConvTranspose) {
  for (const bool add : {false, true})
    for (const index_t kernel : {1, 2, 3}) {
      LayerBench bench;
      TokenConvTranspose<double> layer(bench.table, "conv", 5, 7, kernel);
      bench.start();
      bench.check(
          {{2, 4, 5}, {2, 4 * kernel, 7}},
          [&](auto& c, const Tensors& x) {
            Tensor<double> y = c.tensor(x[1].shape());
            if (!c.planning()) std::copy_n(x[1].data(), y.count(), y.data());
            layer.forward(c, x[0], y);
            return y;
          },
          [&](auto& c, const auto& dy) {
            Tensor<double> dx = c.tensor({2, 4, 5});
            if (!c.planning()) std::fill_n(dx.data(), dx.count(), 1000.0);
            layer.backward(c, dy, dx, add ? Gradient::accumulate : Gradient::overwrite);
            if (add && !c.planning())
              for (index_t i = 0; i < dx.count(); ++i) dx.data()[i] -= 1000;
            return Tensors{dx, dy};
          });
    }
}

// The gradient in place of the residual, as a slice of a larger tensor.
TEST(LayerGradient, LayerNormIntoASlice) {
  LayerBench bench;
  LayerNorm<double> layer(bench.table, "norm", 5, 1e-5);
  bench.start();
  bench.check(
      {{4, 3, 5}},
      [&](auto& c, const Tensors& x) {
        Tensor<double> y = c.tensor({4, 3, 5});
        const Tensor<double> normed = layer.forward(c, x[0].slice(1, 2));
        if (!c.planning()) {
          std::copy_n(x[0].data(), y.count(), y.data());
          for (index_t i = 0; i < normed.count(); ++i) y.data()[15 + i] += normed.data()[i];
        }
        return y;
      },
      [&](auto& c, const auto& dy) {
        Tensor<double> dx = c.tensor({4, 3, 5});
        if (!c.planning()) std::copy_n(dy.data(), dy.count(), dx.data());
        const Tensor<double> part = dx.slice(1, 2);
        layer.backward(c, dy.slice(1, 2), part, part);
        return Tensors{dx};
      });
}

}  // namespace
}  // namespace poster

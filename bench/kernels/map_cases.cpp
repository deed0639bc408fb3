// Ops that pick, move or make pixels and tokens.
#include "bench/kernels/kernel_cases.h"
#include "bench/kernels/network_sizes.h"
#include "kernels/augment/augment.h"
#include "kernels/mean_token/mean_token.h"
#include "kernels/resample/resample.h"
#include "kernels/strided_rows/strided_rows.h"
#include "kernels/token_assembly/token_assembly.h"
#include "kernels/transpose/transpose.h"
#include "model/poster_v1_config.h"

namespace poster::bench {
namespace {

using namespace kernels;

// Images as the loader hands them over, every second pixel. With everything that can be done to them.
template <typename T>
void add_augment(CaseList<T>& cases) {
  constexpr index_t kSize = 224, kStep = 2;
  const index_t batch = cases.batch(), side = kSize / kStep;
  const auto everything = [batch](Operands& m, AugmentImages<T>& a) {
    std::vector<ImageAugmentation> augmentations;
    for (index_t i = 0; i < batch; ++i)
      augmentations.push_back({.image = batch - 1 - i,
                               .jitters = 4,
                               .kind = {0, 1, 2, 3},
                               .factor = {0.9f, 1.1f, 1.2f, 1},
                               .hue = 10,
                               .flip = static_cast<std::uint8_t>(i % 2),
                               .rotated = 1,
                               .x0 = 1 << 18,
                               .xx = 65000,
                               .xy = 8000,
                               .y0 = -(1 << 18),
                               .yx = -8000,
                               .yy = 65000,
                               .dx = 5,
                               .dy = -3,
                               .erase_left = 40,
                               .erase_top = 60,
                               .erase_width = 30,
                               .erase_height = 20});
    a.augmentations = m.copy_of(augmentations);
  };
  cases.add_cuda_only(by({kSize, kSize, side, side}),
                      AugmentImages<T>{.batch = batch, .image_count = batch, .size = kSize, .step = kStep},
                      {.given = everything});
}

template <typename T>
void add_resample(CaseList<T>& cases) {
  const index_t batch = cases.batch();
  const NearestResize<T> resize{
      .batch = batch, .height = 224, .width = 224, .channels = 3, .out_height = 112, .out_width = 112};
  cases.add("224x224x3-112x112", resize);
  // The shortcut of the first unit, where the number of channels stays.
  cases.add("112x112x64_s2",
            Subsample<T>{.batch = batch, .height = 112, .width = 112, .channels = 64, .stride = 2});
  cases.add("112x112x64_s2",
            SubsampleBackward<T>{.batch = batch, .height = 112, .width = 112, .channels = 64, .stride = 2});
}

template <typename T>
void add_tokens(CaseList<T>& cases) {
  const NetworkSizes& n = network_sizes();
  const index_t batch = cases.batch(), width = n.width, tokens = n.tokens;
  const std::string shape = by({tokens, width});
  cases.add(shape, TokenAssembly<T>{.batch = batch, .tokens = n.patches, .channels = width});
  cases.add(shape, TokenAssemblyBackward<T>{.batch = batch, .tokens = n.patches, .channels = width});
  cases.add(shape + "_take",
            StridedRows<T>{.rows = batch, .columns = width, .out_stride = width, .x_stride = tokens * width});
  cases.add(shape + "_add_back", StridedRows<T>{.rows = batch,
                                                .columns = width,
                                                .out_stride = tokens * width,
                                                .x_stride = width,
                                                .accumulate = true});
}

// POSTER V1's: class tokens of a stream, and a half of the tokens on its way to the joined layout.
template <typename T>
void add_streams(CaseList<T>& cases) {
  const PosterV1Config config;
  const index_t batch = cases.batch(), width = config.width(), patches = config.tokens(),
                tokens = 1 + patches;
  cases.add(by({patches, width}), MeanTokenForward<T>{.batch = batch, .tokens = patches, .channels = width},
            {.with = {"position"}});
  cases.add(by({patches, width}), MeanTokenBackward<T>{.batch = batch, .tokens = patches, .channels = width});
  cases.add(by({tokens, width}),
            Transpose<T>{
                .batch = batch, .rows = tokens, .columns = width, .out_stride = tokens, .x_stride = width});
}

}  // namespace

template <typename T>
void add_map_cases(CaseList<T>& cases) {
  add_augment(cases);
  add_resample(cases);
  add_tokens(cases);
  add_streams(cases);
}

template void add_map_cases(CaseList<float>&);
template void add_map_cases(CaseList<Half>&);

}  // namespace poster::bench

// What becomes of SAM's perturbation when weights are rounded to fewer bits: the cosine of
// round(w + e) - round(w) to the true e, and the ratio of their norms, on gradients of a real data set. Says
// which 16-bit type a fast mode may use. e = rho g / ‖g‖ over all trained parameters; what is rounded are the
// weights of products (matrices and convolutions), as the fast mode does.
//
//   sam_rounding DIR [MODEL [BATCH [STEPS]]]     DIR/train/CLASS/*.jpg
#include <bit>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <memory>

#include "engine/error.h"
#include "io/data/dataset.h"
#include "io/data/loader.h"
#include "kernels/half.h"
#include "model/backbone_config.h"
#include "model/trainer_base.h"

namespace {

using namespace poster;

// To nearest even, `bits` significant bits.
float round_to(float x, int bits) {
  const int dropped = 24 - bits;
  auto u = std::bit_cast<std::uint32_t>(x);
  u += (1u << (dropped - 1)) - 1 + (u >> dropped & 1);
  return std::bit_cast<float>(u >> dropped << dropped);
}
float to_tf32(float x) { return round_to(x, 11); }
float to_bf16(float x) { return round_to(x, 8); }
float to_fp16(float x) { return static_cast<float>(Half(x)); }

struct Sums {
  double ee = 0, dd = 0, ed = 0;
  void add(double e, double d) {
    ee += e * e;
    dd += d * d;
    ed += e * d;
  }
};

void measure(TrainerBase& trainer, double rho, int step) {
  Parameters<float>& p = trainer.parameters();
  const float *const w = p.master(), *const g = p.gradient();
  double squares = 0;
  for (std::int64_t i = 0; i < p.trained_count(); ++i) squares += static_cast<double>(g[i]) * g[i];
  const double scale = rho / std::sqrt(squares);
  struct Type {
    const char* name;
    float (*rounded)(float);
  };
  for (const auto& [name, rounded] : {Type{"tf32", to_tf32}, {"fp16", to_fp16}, {"bf16", to_bf16}}) {
    Sums sums;
    std::int64_t count = 0, still = 0;
    for (std::size_t id = 0; id < p.table().specs().size(); ++id) {
      const ParameterSpec& spec = p.table().specs()[id];
      if (spec.role != Role::trained || spec.shape.size() < 2) continue;
      const std::int64_t first = p.gradient(static_cast<ParameterId>(id)) - p.gradient();
      for (std::int64_t i = first; i < first + spec.count(); ++i) {
        const auto e = static_cast<float>(scale * g[i]);
        const float d = rounded(w[i] + e) - rounded(w[i]);
        sums.add(e, d);
        ++count;
        still += d == 0;
      }
    }
    std::printf("%6d  %-5s %8.3f %12.3f %11.1f %%\n", step, name, sums.ed / std::sqrt(sums.ee * sums.dd),
                std::sqrt(sums.dd / sums.ee),
                100.0 * static_cast<double>(still) / static_cast<double>(count));
  }
  std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc < 2) throw Error("usage: sam_rounding DIR [MODEL [BATCH [STEPS]]]");
  const std::string model = argc > 2 ? argv[2] : "poster-v2";
  const int batch_size = argc > 3 ? std::atoi(argv[3]) : 16, steps = argc > 4 ? std::atoi(argv[4]) : 30;
  Device device = Device::open("cpu", 0);
  const io::ImageFolder data(argv[1], "train", std::nullopt);
  const io::Recipe recipe = io::recipe_by_name("augmented");
  io::BatchLoader loader(
      data, recipe, batch_size, 0, 2,
      {.out_size = io::handed_over_side(recipe, static_cast<int>(kInputSide)), .drop_last_if_one = true});
  const auto trainer = make_trainer(device, model, static_cast<index_t>(data.classes().size()));
  trainer->parameters().initialise(0);
  trainer->prepare_training({.rho = 0}, {}, 0);  // the gradient in hand after a step is that of its one pass
  std::printf("%s, batch %d, rho %g\n%6s  %-5s %8s %12s %13s\n", model.c_str(), batch_size, recipe.rho,
              "step", "type", "cosine", "norm ratio", "unmoved");
  io::Batch batch;
  int step = 0;
  for (std::uint64_t epoch = 0; step <= steps; ++epoch) {
    loader.start_epoch(epoch);
    while (step <= steps && loader.next(batch)) {
      trainer->step({.images = batch.images.data(),
                     .labels = batch.labels.data(),
                     .count = batch.size,
                     .height = batch.side,
                     .width = batch.side},
                    recipe.learning_rate);
      if (step % std::max(1, steps / 3) == 0) measure(*trainer, recipe.rho, step);
      ++step;
    }
  }
} catch (const std::exception& e) {
  std::fprintf(stderr, "sam_rounding: %s\n", e.what());
  return 1;
}

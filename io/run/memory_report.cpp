#include "io/run/memory_report.h"

#include <cstdio>

#include "io/run/device_images.h"

namespace poster {

std::string memory_report(TrainerBase& trainer, const Settings& settings) {
  const int side = input_side(settings);
  const auto needs = trainer.memory_needs(Use::training, settings.recipe.batch_size, side, side);
  std::string text = settings.model + ", batch size " + std::to_string(settings.recipe.batch_size) + " on " +
                     trainer.device().description() + "\n";
  const auto line = [&](const char* what, std::size_t bytes) {
    char buffer[96];
    std::snprintf(buffer, sizeof buffer, "  %-44s %10.1f MiB\n", what,
                  static_cast<double>(bytes) / (1 << 20));
    text += buffer;
  };
  line("weights and statistics", needs.model);
  line("master weights, gradients, moments", needs.training);
  line("activations", needs.activations);
  line("scratch of kernels and libraries", needs.scratch);
  line("input and results", needs.batches);
  line("in all", needs.total());
  if (const auto free = trainer.device().free_memory()) {
    const std::size_t held = needs.model + needs.training;  // allocated already
    line("free on the device", *free + held);
    text += "The largest batch size that fits: " +
            std::to_string(trainer.largest_batch(*free + held, side, side)) + "\n";
  }
  return text;
}

}  // namespace poster

#include "io/run/run_banner.h"

#include <cstdio>

#include "io/console/progress.h"
#include "io/face/face_view.h"

namespace poster {
namespace {

// "2,800 (anger 400, fear 400)"
std::string pictures(const io::ImageFolder& data) {
  const std::vector<std::int64_t> counts = data.class_counts();
  std::string classes;
  for (std::size_t i = 0; i < counts.size(); ++i)
    classes += (i > 0 ? ", " : "") + data.classes()[i] + " " + grouped(counts[i]);
  return grouped(data.size()) + " (" + classes + ")";
}

struct Counts {
  std::int64_t trained = 0, all = 0, saved = 0;
};

Counts counts_of(const ParameterTable& table) {
  Counts counts;
  for (const ParameterSpec& spec : table.specs()) {
    if (spec.role == Role::counter || spec.role == Role::constant) continue;
    counts.saved += spec.count();
    if (spec.role != Role::trained && spec.role != Role::frozen) continue;
    counts.all += spec.count();
    if (spec.role != Role::trained) continue;
    counts.trained += spec.count();
    counts.saved += 2 * spec.count();  // Adam's moments
  }
  return counts;
}

std::string megabytes(double bytes) {
  char text[64];
  if (bytes < 1e9)
    std::snprintf(text, sizeof text, "%.0f MB", bytes / 1e6 + 0.5);
  else
    std::snprintf(text, sizeof text, "%.1f GB", bytes / 1e9);
  return text;
}

}  // namespace

std::string grouped(std::int64_t number) {
  std::string text = std::to_string(number);
  const std::size_t first = number < 0 ? 1 : 0;
  for (std::size_t place = text.size(); place > first + 3; place -= 3) text.insert(place - 3, ",");
  return text;
}

std::vector<std::string> run_banner(const Settings& settings, const Parameters<float>& parameters,
                                    const io::ImageFolder& train, const io::ImageFolder& valid,
                                    const RunPlan& plan) {
  const Counts counts = counts_of(parameters.table());
  const std::string epochs = std::to_string(settings.recipe.epochs);
  return {
      "Device:     " + plan.device,
      "Model:      " + settings.model + ", " + grouped(counts.all) + " parameters" +
          (counts.trained == counts.all ? "" : ", of which " + grouped(counts.trained) + " are trained"),
      "Training:   " + pictures(train),
      "Evaluation: " + settings.split + ", " + pictures(valid) + ", after each epoch",
      "View:       " + std::string(io::view_name(settings.view.view)),
      "Plan:       " +
          (plan.first_epoch > 0 ? "epochs " + std::to_string(plan.first_epoch + 1) + " to " + epochs
                                : epochs + " epochs") +
          " of " + grouped(plan.steps) + " steps with " + std::to_string(settings.recipe.batch_size) +
          " images each; recipe " + settings.recipe.name,
      "Folder:     " + plan.folder + ", where " + std::to_string(plan.checkpoints) +
          " checkpoints take about " + megabytes(plan.checkpoints * 4.0 * static_cast<double>(counts.saved)),
  };
}

std::string epoch_time_line(std::int64_t epoch, std::int64_t epochs, double images_per_second,
                            double seconds) {
  char speed[48];
  std::snprintf(speed, sizeof speed, images_per_second < 10 ? "%.1f" : "%.0f", images_per_second);
  const std::int64_t left = epochs - epoch - 1;
  return "Epoch " + std::to_string(epoch + 1) + " of " + std::to_string(epochs) + ": " + speed +
         " images/s, " + io::format_duration(seconds) +
         (left > 0 ? "; about " + io::format_duration(seconds * static_cast<double>(left)) + " left" : "");
}

}  // namespace poster

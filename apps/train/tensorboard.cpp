#include "apps/train/tensorboard.h"

#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "apps/train/evaluation_record.h"

namespace poster {
namespace {

double seconds_since_1970() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

std::string best_confusion(const io::RunFolder& folder, const Settings& settings) {
  std::ifstream file(folder / (confusion_file("best", settings.split) + ".png"), std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// The best epoch of a run that goes on from an earlier state than the last is another than the folder's.
bool folder_holds_best(const io::RunFolder& folder, const Settings& settings, const Position& position) {
  std::ifstream file(folder / evaluation_file("best", settings.split));
  const auto json = nlohmann::json::parse(file, nullptr, /*allow_exceptions=*/false);
  return json.is_object() && json.value("epoch", nlohmann::json()) == position.best_epoch;
}

// A block of code in Markdown is indented by four.
std::string as_markdown(const Settings& settings) {
  std::string text = "    ";
  for (const char letter : to_json(settings).dump(2)) (text += letter) += letter == '\n' ? "    " : "";
  return text;
}

}  // namespace

io::TensorBoardLog begin_tensorboard(const io::RunFolder& folder, const Settings& settings,
                                     std::span<const io::EpochMetrics> kept, const Position& position) {
  const bool known = folder_holds_best(folder, settings, position);
  return {folder.path(),
          {.settings = as_markdown(settings),
           .kept = kept,
           .best_confusion = known ? best_confusion(folder, settings) : "",
           .best_epoch = position.best_epoch,
           .now = seconds_since_1970()}};
}

void add_to_tensorboard(io::TensorBoardLog& log, const io::RunFolder& folder, const Settings& settings,
                        const io::EpochMetrics& row, bool best) {
  log.add(row, best ? best_confusion(folder, settings) : "", seconds_since_1970());
}

}  // namespace poster

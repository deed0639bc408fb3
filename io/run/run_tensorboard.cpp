#include "io/run/run_tensorboard.h"

#include <chrono>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "engine/error.h"
#include "io/format/input_file.h"
#include "io/format/json.h"
#include "io/run/evaluation_record.h"

namespace poster {
namespace {

constexpr std::uint64_t kMaxImage = std::uint64_t{64} << 20;  // bytes

double seconds_since_1970() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

std::string best_confusion(const io::RunFolder& folder, const Settings& settings) {
  return io::read_file_if_there(folder / (confusion_file("best", settings.split) + ".png"), kMaxImage)
      .value_or("");
}

// The best epoch of a run that goes on from an earlier state than the last is another than the folder's.
bool folder_holds_best(const io::RunFolder& folder, const Settings& settings, const Position& position) {
  const std::filesystem::path path = folder / evaluation_file("best", settings.split);
  const auto text = io::read_file_if_there(path, io::kMaxJson);
  if (!text) return false;
  try {
    const auto json = io::parse_json<nlohmann::json>(*text, path.string());
    return json.is_object() && json.value("epoch", nlohmann::json()) == position.best_epoch;
  } catch (const Error&) {  // damaged: then its confusion matrix is taken for another's
    return false;
  }
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

#include "io/run/run_json.h"

#include <filesystem>
#include <nlohmann/json.hpp>

#include "io/console/version.h"
#include "io/format/json_writer.h"

namespace poster {

void write_run_json(const io::RunFolder& folder, const RunStatus& status, const std::string& device,
                    const Settings& settings, const Position& position, const io::ImageFolder& train,
                    const io::ImageFolder& valid, const Listings& listings) {
  nlohmann::ordered_json counts;
  const auto numbers = train.class_counts();
  for (std::size_t i = 0; i < numbers.size(); ++i) counts[settings.classes[i]] = numbers[i];
  std::error_code ignored;
  nlohmann::ordered_json json = {
      {"state", status.state},
      {"versions", version_json()},
      {"device", device},
      {"settings", to_json(settings)},
      {"train_pictures", counts},
      {"valid_pictures", valid.size()},
      {"train_listing_hash", io::listing_text(train.listing_hash())},
      {"valid_listing_hash", io::listing_text(valid.listing_hash())},
      {"listings", to_json(listings)},
      {"left_out", {{"train", train.left_out().line()}, {"valid", valid.left_out().line()}}},
      {"epochs_done", position.epoch},
      {"best_accuracy", position.best_accuracy},
      {"best_epoch", position.best_epoch},
      {"saved", std::filesystem::exists(folder / "last.safetensors", ignored) ||
                    std::filesystem::exists(folder / "best.safetensors", ignored)}};
  if (!status.message.empty()) json["message"] = status.message;
  io::write_json(folder.json(), json);
}

}  // namespace poster

#include "io/run/run_listings.h"

#include <filesystem>
#include <nlohmann/json.hpp>

#include "engine/error.h"

namespace poster {

using json = nlohmann::ordered_json;

Listings list_splits(const Settings& settings) {
  Listings listings;
  for (const char* split : {"train", "valid", "test"}) {
    std::error_code ignored;
    if (!std::filesystem::is_directory(std::filesystem::path(settings.data) / split, ignored)) continue;
    try {
      const io::ImageFolder folder(settings.data, split, std::nullopt, settings.folder_rule());
      listings[split] = {io::listing_text(folder.listing_hash()), folder.size()};
    } catch (const Error&) {
      // A split that the run never reads may be in no order: then nothing evaluated there is its own.
    }
  }
  return listings;
}

json to_json(const Listings& listings) {
  json j = json::object();
  for (const auto& [split, listing] : listings)
    j[split] = {{"hash", listing.hash}, {"pictures", listing.images}};
  return j;
}

Listings listings_from_json(const json& j) {
  Listings listings;
  for (const auto& [split, listing] : j.items())
    listings[split] = {listing.at("hash").get<std::string>(), listing.at("pictures").get<std::int64_t>()};
  return listings;
}

}  // namespace poster

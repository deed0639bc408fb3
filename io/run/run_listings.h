// Which images a run's own are: a listing of each split, in run.json. An evaluation on others isn't the
// run's result.
#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "io/data/dataset.h"
#include "io/settings/settings.h"

namespace poster {

struct Listing {
  std::string hash;  // 16 hexadecimal digits (io::ImageFolder::listing_hash)
  std::int64_t images = 0;

  bool operator==(const Listing&) const = default;
};

using Listings = std::map<std::string, Listing>;  // by split

// Of the splits in settings.data that can be listed; whatever the order of the classes.
Listings list_splits(const Settings& settings);

nlohmann::ordered_json to_json(const Listings& listings);
// Throws nlohmann::json::exception.
Listings listings_from_json(const nlohmann::ordered_json& json);

}  // namespace poster

#include <algorithm>
#include <functional>

#include "apps/common/view_options.h"
#include "apps/report/numbers.h"
#include "apps/report/sections.h"

namespace poster {
namespace {

template <typename V>
std::string value_of(const std::vector<std::pair<std::string, V>>& list, const std::string& key) {
  for (const auto& [name, value] : list) {
    if (name != key) continue;
    if constexpr (std::is_same_v<V, std::string>)
      return value;
    else
      return std::to_string(value);
  }
  return kNone;
}

template <typename V>
std::vector<std::string> keys_of(const std::vector<RunRecord>& runs,
                                 std::vector<std::pair<std::string, V>> RunRecord::*list) {
  std::vector<std::string> keys;
  for (const RunRecord& run : runs)
    for (const auto& [key, value] : run.*list)
      if (std::find(keys.begin(), keys.end(), key) == keys.end()) keys.push_back(key);
  return keys;
}

std::string total_images(const RunRecord& run) {
  std::int64_t sum = 0;
  for (const auto& [name, count] : run.train_images) sum += count;
  return std::to_string(sum);
}

}  // namespace

void add_environment(Document& document, const std::vector<RunRecord>& runs) {
  document.add(Heading{2, "Environment and data"});
  Table table{.columns = {""}, .rows = {}, .numbers = false};
  for (const RunRecord& run : runs) table.columns.push_back(runs.size() > 1 ? run.name : "Value");
  const auto row = [&](const std::string& name, const std::function<std::string(const RunRecord&)>& value) {
    table.rows.push_back({name});
    for (const RunRecord& run : runs) table.rows.back().push_back(value(run));
  };
  row("Folder", [](const RunRecord& r) { return r.folder.string(); });
  for (const std::string& key : keys_of(runs, &RunRecord::versions))
    row("Version: " + key, [&](const RunRecord& r) { return value_of(r.versions, key); });
  row("Device", [](const RunRecord& r) { return r.device; });
  row("Precision", [](const RunRecord& r) { return std::string(precision_name(r.settings.precision)); });
  row("Data", [](const RunRecord& r) { return r.settings.data; });
  row("View", [](const RunRecord& r) { return describe(r.settings.view); });
  row("Preparation of its images", [](const RunRecord& r) { return io::describe(r.settings.preparation); });
  for (const char* split : {"train", "valid", "test"})
    row("Own images of " + std::string(split), [=](const RunRecord& r) {
      const auto own = r.listings.find(split);
      return own == r.listings.end() ? kNone
                                     : std::to_string(own->second.images) + ", listing " + own->second.hash;
    });
  row("Hash of train's listing", [](const RunRecord& r) { return r.listing_hash; });
  row("Images in " + std::string("train"), total_images);
  row("Images in the split of each epoch",
      [](const RunRecord& r) { return std::to_string(r.valid_images) + " (" + r.settings.split + ")"; });
  for (const std::string& key : keys_of(runs, &RunRecord::train_images))
    row("Train images of " + key, [&](const RunRecord& r) { return value_of(r.train_images, key); });
  document.add(std::move(table));
}

}  // namespace poster

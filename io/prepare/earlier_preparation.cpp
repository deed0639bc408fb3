#include "io/prepare/earlier_preparation.h"

#include <filesystem>
#include <unordered_map>

#include "engine/error.h"
#include "io/prepare/run_settings.h"

namespace poster::prepare {
namespace {

using Found = std::optional<io::Preparation>;

// Reads each folder's record once.
class Records {
 public:
  explicit Records(const FileTree& tree) : tree_(tree) {}

  const Found& of(const TreeFile& file) {
    const std::string folder = folder_name(file.path);
    if (const auto known = by_folder_.find(folder); known != by_folder_.end()) return known->second;
    Found found;
    for (std::string at = folder;; at = folder_name(at)) {
      const TreeFile* record = tree_.find((at.empty() ? "" : at + "/") + io::kPreparationFile);
      if (record) found = io::parse_preparation(tree_.text(*record), record->source);
      if (record || at.empty()) break;
    }
    // --in may name a folder within the one that was prepared.
    if (!found && file.archive < 0)
      found = io::preparation_above(std::filesystem::path(file.disk).parent_path());
    return by_folder_.emplace(folder, std::move(found)).first->second;
  }

 private:
  const FileTree& tree_;
  std::unordered_map<std::string, Found> by_folder_;
};

io::ViewOptions view_of(const Found& preparation) {
  return preparation ? preparation->view : io::ViewOptions{};
}

}  // namespace

Found earlier_preparation(const FileTree& tree, const std::vector<PlannedItem>& items) {
  Records records(tree);
  Found common;
  bool same = true;
  const PlannedItem* first = nullptr;
  for (const PlannedItem& planned : items) {
    const Found& found = records.of(planned.item.file);
    if (!first) {
      first = &planned;
      common = found;
    } else if (!io::same_look(view_of(common), view_of(found))) {
      throw Error(planned.item.file.source + ": was prepared with the view \"" + describe(view_of(found)) +
                  "\", " + first->item.file.source + " with \"" + describe(view_of(common)) +
                  "\"; prepare them apart");
    } else {
      same = same && io::same_preparation(common, found);
    }
  }
  if (same || !common || !common->changes_view()) return same ? common : std::nullopt;
  io::Preparation view_alone{.program = common->program};
  view_alone.view = common->view;
  return view_alone;
}

io::Preparation preparation_of(const PrepareOptions& options, const Found& earlier) {
  io::Preparation result{.program = "poster_prepare"};
  result.faces = name_of(options.image.faces);
  if (result.cut_out()) {
    if (options.image.faces != Faces::set) result.detector = options.image.detector;
    result.crop = options.image.crop;
  }
  result.size = options.image.size;
  result.view = options.view;
  if (!result.changes_view()) result.view = {};
  if (!earlier) return result;
  if (earlier->changes_view() && result.changes_view())
    throw Error(
        std::string("--view ") + io::view_name(result.view.view) + ": the images were made with the view \"" +
        describe(earlier->view) + "\" by " + earlier->program +
        " already, and a second cut would take what is left; leave --view out, or give the images as they were before");
  if (earlier->changes_view()) result.view = earlier->view;
  if (!result.cut_out()) {
    result.faces = earlier->faces;
    result.detector = earlier->detector;
    result.crop = earlier->crop;
  }
  if (result.size == 0) result.size = earlier->size;
  return result;
}

}  // namespace poster::prepare

// KDEF: AF01ANS.JPG is session A or B, sex, number, emotion, pose. A person is sex and number: both sessions
// show the same people. Some names in the distributed set are broken (AF31V.JPG); they are left out.
#include <algorithm>
#include <regex>
#include <sstream>

#include "engine/error.h"
#include "io/codec/image_reader.h"
#include "io/prepare/expression_names.h"
#include "io/prepare/sources/sources.h"
#include "io/prepare/text_encoding.h"

namespace poster::prepare {
namespace {

std::vector<std::string> wanted_poses(const std::string& text) {
  std::vector<std::string> poses;
  std::istringstream stream(text);
  for (std::string pose; std::getline(stream, pose, ',');) {
    pose = trim(pose);
    if (pose != "S" && pose != "HL" && pose != "HR" && pose != "FL" && pose != "FR")
      throw Error("--poses: '" + pose + "' is no pose of KDEF; give some of S, HL, HR, FL, FR, with commas");
    poses.push_back(pose);
  }
  return poses;
}

}  // namespace

Collection collect_kdef(const FileTree& tree, const SourceOptions& options) {
  static const std::regex name_form("([AB])([FM])([0-9]{2})(AF|AN|DI|HA|NE|SA|SU)(S|HL|HR|FL|FR)",
                                    std::regex::icase);
  const std::vector<std::string> poses = wanted_poses(options.poses);
  Collection collection;
  std::size_t understood = 0;
  for (const TreeFile& file : tree.files()) {
    if (!io::has_image_extension(file.path)) continue;
    const std::string stem = stem_of(file.path);
    std::smatch match;
    if (!std::regex_match(stem, match, name_form)) {
      collection.left_out.push_back({file.source, "a name that isn't KDEF's", ""});
      continue;
    }
    ++understood;
    std::string pose = match[5].str();
    std::ranges::transform(pose, pose.begin(), [](unsigned char c) { return std::toupper(c); });
    if (std::ranges::find(poses, pose) == poses.end()) {
      collection.left_out.push_back({file.source, "a pose that --poses leaves out", pose});
      continue;
    }
    Item item;
    item.file = file;
    item.label = expression_name(match[4].str());
    item.person = lower(match[2].str() + match[3].str());
    collection.items.push_back(std::move(item));
  }
  if (understood == 0) throw_unexpected_tree(tree, "kdef", "no images with such names");
  return collection;
}

}  // namespace poster::prepare

// One image of a data set, as its source lists it.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "io/face/face_box.h"
#include "io/prepare/file_tree.h"
#include "io/prepare/left_out.h"

namespace poster::prepare {

enum class Split { train, valid, test };
inline constexpr std::size_t kSplits = 3;
inline constexpr std::array<std::string_view, kSplits> kSplitNames = {"train", "valid", "test"};

inline std::string split_name(Split split) {
  return std::string(kSplitNames[static_cast<std::size_t>(split)]);
}

// "val", "validation_set", "Training", "PublicTest" ...; nothing for other names.
std::optional<Split> split_by_name(const std::string& name);
// The same where it is one of the words of a name: "EMOIMG_TRAIN_01", "val.txt". Letters within a word don't
// count ("valence", "latest"), nor do two words that contradict ("train_val").
std::optional<Split> split_by_word(const std::string& name);
// Of a path's parts, the last that tells one.
std::optional<Split> split_by_path(const std::string& path);

// A grey image that comes as numbers in a table, row by row.
struct GreyPixels {
  int width = 0, height = 0;
  std::vector<std::uint8_t> values;
};

struct Item {
  // The file, or in `file.source` and `file.path` a name for pixels: "fer2013.csv:12".
  TreeFile file;
  GreyPixels pixels;                          // empty: read the file
  std::string label;                          // in the set's own words; the class map makes a class of it
  std::optional<Split> split = std::nullopt;  // as the set gives it
  std::string person = {};                    // empty: not known
  std::optional<io::FaceBox> box = std::nullopt;
};

struct Collection {
  std::vector<Item> items;
  std::vector<LeftOut> left_out;
  // Things to know that concern no single image: "412 records in labels.json name images that aren't
  // there".
  std::vector<std::string> notes;
};

}  // namespace poster::prepare

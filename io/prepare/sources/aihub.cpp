// AI Hub 82, "Korean composite images for emotion recognition". Images lie in folders or zips whose names
// hold the emotion (EMOIMG_기쁨_TRAIN_01). An image's name is
//   HASH_SEX_AGE_EMOTION_PLACE_NUMBERS.jpg (or .jpeg)
// where HASH stands for the person who uploaded it. About a third need their EXIF orientation; the boxes in
// the label files are of the upright image, which is what io/codec/image_reader.h gives.
#include <algorithm>
#include <unordered_map>

#include "engine/error.h"
#include "io/codec/image_reader.h"
#include "io/format/join.h"
#include "io/prepare/expression_names.h"
#include "io/prepare/sources/aihub_labels.h"
#include "io/prepare/sources/sources.h"
#include "io/prepare/text_encoding.h"

namespace poster::prepare {
namespace {

constexpr std::size_t kShortestHash = 8;

// The emotion whose Korean word is in the folder's name, or whose English name it is.
std::string emotion_of_folder(const std::string& name) {
  std::string found = aihub_expression(name);
  if (!found.empty()) return found;
  for (const char* word : {"기쁨", "당황", "분노", "불안", "상처", "슬픔", "중립", "알수없음"}) {
    if (name.find(word) == std::string::npos) continue;
    if (!found.empty()) return "";  // two of them: it holds several
    found = aihub_expression(word);
  }
  return found;
}

// The innermost folder that tells counts; else the field of the file's name.
std::string folder_label(const std::string& path) {
  std::vector<std::string> parts = parts_of(path);
  const std::string name = stem_of(parts.back());
  parts.pop_back();
  for (auto part = parts.rbegin(); part != parts.rend(); ++part)
    if (std::string emotion = emotion_of_folder(*part); !emotion.empty()) return emotion;
  for (std::size_t at = name.find('_'); at != std::string::npos;) {
    const std::size_t next = name.find('_', at + 1);
    std::string emotion =
        aihub_expression(name.substr(at + 1, next == std::string::npos ? next : next - at - 1));
    if (!emotion.empty()) return emotion;
    at = next;
  }
  return "";
}

// "" where the name doesn't begin with a hash.
std::string person_of(const std::string& path) {
  const std::string name = base_name(path), hash = name.substr(0, name.find('_'));
  const bool digits = std::ranges::all_of(hash, [](unsigned char c) { return std::isxdigit(c) != 0; });
  return hash.size() >= kShortestHash && hash.size() < name.size() && digits ? lower(hash) : "";
}

std::optional<Split> split_of(const std::string& path, const AihubRecord* record) {
  if (const auto split = split_by_path(folder_name(path))) return split;
  return record ? record->split : std::nullopt;
}

constexpr std::uint64_t kMaxCompared = std::uint64_t{1} << 30;

// Records know images by their names alone. Of files with one name, copies count once; where they differ,
// nobody knows whose the record is.
class Names {
 public:
  explicit Names(const FileTree& tree) : reader_(tree) {
    for (const TreeFile& file : tree.files())
      if (io::has_image_extension(file.path)) by_stem_[stem_of(file.path)].push_back(&file);
  }

  std::size_t size() const { return by_stem_.size(); }

  // Why the file isn't taken; "" for the first of its name.
  LeftOut trouble(const TreeFile& file) {
    const std::vector<const TreeFile*>& files = by_stem_.at(stem_of(file.path));
    if (files.size() == 1) return {};
    for (const TreeFile* other : files)
      if (!equal(*files.front(), *other))
        return {file.source, "ambiguous: another image has the same name",
                files.front()->source + " and " + other->source};
    if (&file == files.front()) return {};
    return {file.source, "a second copy of an image (in a zip and unpacked, say)",
            "the first is " + files.front()->source};
  }

 private:
  bool equal(const TreeFile& a, const TreeFile& b) {
    if (&a == &b) return true;
    if (a.bytes != b.bytes) return false;
    try {
      return reader_.read(a, kMaxCompared) == reader_.read(b, kMaxCompared);
    } catch (const Error&) {
      return false;
    }
  }

  TreeReader reader_;
  std::unordered_map<std::string, std::vector<const TreeFile*>> by_stem_;
};

}  // namespace

Collection collect_aihub(const FileTree& tree, const SourceOptions& options) {
  AihubLabels labels = read_aihub_labels(tree);
  Collection collection;
  collection.notes = labels.notes;
  Names names(tree);
  std::size_t with_record = 0;
  for (const TreeFile& file : tree.files()) {
    if (!io::has_image_extension(file.path)) continue;
    const std::string stem = stem_of(file.path);
    const auto at = labels.by_stem.find(stem);
    AihubRecord* record = at == labels.by_stem.end() ? nullptr : &at->second;
    if (record) {
      ++with_record;
      record->used = true;
    }
    if (LeftOut trouble = names.trouble(file); !trouble.reason.empty()) {
      collection.left_out.push_back(std::move(trouble));
      continue;
    }
    Item item;
    item.file = file;
    item.person = person_of(file.path);
    item.split = split_of(file.path, record);
    if (record) item.box = record->box;
    if (options.label == LabelRule::folder) {
      item.label = folder_label(file.path);
      if (item.label.empty() && record) item.label = record->uploader;
      if (item.label.empty())
        collection.left_out.push_back({file.source, "no emotion in its folder's name or its own", ""});
    } else if (record && record->contradicted) {
      collection.left_out.push_back({file.source, "ambiguous: two label records say otherwise", ""});
    } else if (!record || record->votes.empty()) {
      collection.left_out.push_back(
          {file.source, record ? "a label record without votes" : "no label record", ""});
    } else {
      item.label = aihub_vote(record->votes, options.label);
      if (item.label.empty())
        collection.left_out.push_back({file.source, "annotators disagree", io::join(record->votes)});
    }
    if (!item.label.empty()) collection.items.push_back(std::move(item));
  }
  if (names.size() == 0) throw_unexpected_tree(tree, "aihub", "no images");
  if (options.label != LabelRule::folder && labels.files == 0)
    throw_unexpected_tree(tree, "aihub", "no label files (--label folder does without)");
  if (options.label != LabelRule::folder && with_record == 0)
    throw_unexpected_tree(tree, "aihub", "the label files name none of the images");
  const auto unused =
      std::ranges::count_if(labels.by_stem, [](const auto& entry) { return !entry.second.used; });
  if (unused > 0)
    collection.notes.push_back(std::to_string(unused) + " label records name images that aren't there");
  return collection;
}

}  // namespace poster::prepare

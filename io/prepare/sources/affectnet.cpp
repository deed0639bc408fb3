// AffectNet, in the three layouts in which it is passed on:
//   - training.csv, validation.csv:
//     subDirectory_filePath,face_x,face_y,face_width,face_height,facial_landmarks,expression,valence,arousal
//     (some copies of validation.csv lack the header), beside the images
//   - train_set/images/N.jpg with train_set/annotations/N_exp.npy; val_set likewise (images are
//     faces, 224x224)
//   - text files with lines "name label" (train.txt, val.txt), as POSTER V1 has them beside images/
// Expressions: 0 neutral, 1 happy, 2 sad, 3 surprise, 4 fear, 5 disgust, 6 anger, 7 contempt; 8 none, 9
// uncertain and 10 no face are no expressions. Its test set was never published: the validation set is what
// papers report on, so it becomes the test split here, and valid is taken out of train.
#include <algorithm>
#include <array>

#include "engine/error.h"
#include "io/codec/image_reader.h"
#include "io/format/csv.h"
#include "io/prepare/image_lookup.h"
#include "io/prepare/npy.h"
#include "io/prepare/sources/affectnet_list.h"
#include "io/prepare/sources/sources.h"
#include "io/prepare/text_encoding.h"

namespace poster::prepare {
namespace {

constexpr std::array<const char*, 8> kLabels = {"neutral", "happiness", "sadness", "surprise",
                                                "fear",    "disgust",   "anger",   "contempt"};
constexpr std::size_t kColumns = 9;
constexpr std::uint64_t kMaxNpy = 1 << 20;
const std::vector<std::string> kPlaces = {"images"};

bool is_expression(std::optional<long> value) {
  return value && *value >= 0 && *value < static_cast<long>(kLabels.size());
}

// The published validation set is reported on.
std::optional<Split> affectnet_split(std::optional<Split> split) {
  return split == Split::valid ? Split::test : split;
}

class AffectNet {
 public:
  explicit AffectNet(const FileTree& tree) : tree_(tree), reader_(tree) {}

  Collection collect() {
    std::vector<const TreeFile*> tables = with_extension(".csv"), lists = with_extension(".txt");
    const bool any_named =
        std::ranges::any_of(tables, &TreeFile::named) || std::ranges::any_of(lists, &TreeFile::named);
    if (any_named)  // what the user names wins over what lies in a folder
      for (auto* files : {&tables, &lists})
        std::erase_if(*files, [&](const TreeFile* file) {
          if (!file->named) note_unread(*file, "another was named with --in");
          return !file->named;
        });
    for (const TreeFile* file : tables) read_ |= add_table(*file);
    if (!read_ && !any_named) add_arrays();
    for (const TreeFile* file : lists) add_list(*file);
    if (!read_) throw_unexpected_tree(tree_, "affectnet", "nothing labelled" + unread_);
    for (const std::string& note : notes_) collection_.notes.push_back(note);
    if (collection_.items.empty()) throw_nothing_listed(tree_, "affectnet", collection_);
    return std::move(collection_);
  }

 private:
  std::vector<const TreeFile*> with_extension(const std::string& extension) const {
    return tree_.named([&](const std::string& name) { return extension_of(name) == extension; });
  }

  void note_unread(const TreeFile& file, const std::string& why) {
    notes_.push_back(file.source + ": not read, " + why);
    unread_ += "; " + file.source + ": " + why;
  }

  // False: another table than AffectNet's.
  bool add_table(const TreeFile& file) {
    const std::string text = tree_.text(file);
    io::CsvReader rows(text, file.source);
    std::vector<std::string> row;
    if (!rows.next(row)) return note_unread(file, "it is empty"), false;
    const bool header = lower(trim(row.front())) == "subdirectory_filepath";
    if (row.size() != kColumns || (!header && !io::parse_integer(row[6]))) {
      note_unread(
          file, "it is no table of AffectNet, whose columns are subDirectory_filePath, face_x, ..., arousal");
      return false;
    }
    ListedItems items(tree_, file, kPlaces, collection_);
    for (bool more = header ? rows.next(row) : true; more; more = rows.next(row)) add_row(rows, row, items);
    items.finish();
    return true;
  }

  static void add_row(const io::CsvReader& rows, const std::vector<std::string>& row, ListedItems& items) {
    if (row.size() != kColumns)
      throw Error(rows.place() + ": " + std::to_string(row.size()) + " fields, not " +
                  std::to_string(kColumns) + "; fetch it again");
    const auto expression = io::parse_integer(row[6]);
    if (!expression)
      throw Error(rows.place() + ": its expression '" + trim(row[6]) +
                  "' is no number from 0 to 10; fetch it again");
    if (!is_expression(expression))
      return items.leave_out(row[0], rows.place(), "not an expression", trim(row[6]));
    Item item;
    item.label = kLabels[static_cast<std::size_t>(*expression)];
    item.split = affectnet_split(items.split());
    std::array<double, 4> box{};
    bool has_box = true;
    for (std::size_t i = 0; i < box.size(); ++i) {
      const auto value = io::parse_number(row[i + 1]);
      has_box &= value.has_value();
      box[i] = value.value_or(0);
    }
    if (has_box && box[2] > 0 && box[3] > 0) item.box = io::FaceBox{box[0], box[1], box[2], box[3]};
    items.add(row[0], rows.place(), std::move(item));
  }

  void add_arrays() {
    for (const TreeFile& file : tree_.files()) {
      const std::string folder = folder_name(file.path);
      if (!io::has_image_extension(file.path) || base_name(folder) != "images") continue;
      const std::string above = folder_name(folder);
      const std::vector<const TreeFile*> found =
          tree_.at(joined_path(above, "annotations/" + stem_of(file.path) + "_exp.npy"));
      if (found.size() != 1) {
        arrayless_.push_back(
            {file.source,
             found.empty() ? "no annotations/N_exp.npy" : "ambiguous: several annotations/N_exp.npy", ""});
        continue;
      }
      const TreeFile& label = *found.front();
      tree_.use(label);
      read_ = true;
      const long expression = read_npy_integer(reader_.read(label, kMaxNpy), label.source);
      if (!is_expression(expression)) {
        collection_.left_out.push_back({file.source, "not an expression", std::to_string(expression)});
        continue;
      }
      Item item;
      item.file = file;
      item.label = kLabels[static_cast<std::size_t>(expression)];
      item.split = affectnet_split(split_by_path(above));
      collection_.items.push_back(std::move(item));
    }
    if (read_) std::ranges::move(arrayless_, std::back_inserter(collection_.left_out));
  }

  void add_list(const TreeFile& file) {
    const ParsedList list = parse_list(tree_.text(file));
    if (!list.is_list()) {
      if (file.named || !list.lines.empty())
        note_unread(file, std::to_string(list.lines.size()) + " of its " +
                              std::to_string(list.lines.size() + list.others) +
                              " lines are an image's name and a label");
      return;
    }
    if (read_ && !from_lists_ && !file.named)
      return note_unread(file, "the labels are taken from other files; name it with --in to take its");
    if (list.others > 0)
      throw Error(file.source + ":" + std::to_string(list.first_other_number) +
                  ": expected an image's name and its " + "label, as '0.jpg 3', found '" + list.first_other +
                  "'; mend or remove the line");
    read_ = from_lists_ = true;
    ListedItems items(tree_, file, kPlaces, collection_);
    for (const ListLine& line : list.lines) {
      const std::string place = file.source + ":" + std::to_string(line.number);
      if (!is_expression(line.label)) {
        items.leave_out(line.name, place, "not an expression", std::to_string(line.label));
        continue;
      }
      Item item;
      item.label = kLabels[static_cast<std::size_t>(line.label)];
      item.split = affectnet_split(items.split() ? items.split() : split_by_path(folder_name(line.name)));
      items.add(line.name, place, std::move(item));
    }
    items.finish();
  }

  const FileTree& tree_;
  TreeReader reader_;
  Collection collection_;
  std::vector<LeftOut> arrayless_;
  std::vector<std::string> notes_;
  std::string unread_;
  bool read_ = false, from_lists_ = false;
};

}  // namespace

Collection collect_affectnet(const FileTree& tree, const SourceOptions&) { return AffectNet(tree).collect(); }

}  // namespace poster::prepare

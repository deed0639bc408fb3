// Pictures that a table lists: columns for the path and the label, and if there are such, split, person and
// box. Each .csv file of the tree that has the first two is used. Paths are taken from the table's folder,
// from the root, or as the end of a path that occurs once; or they are absolute.
#include <algorithm>
#include <array>
#include <filesystem>
#include <sstream>

#include "engine/error.h"
#include "io/csv.h"
#include "io/prepare/sources/class_folders.h"
#include "io/prepare/sources/sources.h"
#include "io/prepare/text_encoding.h"

namespace poster::prepare {
namespace {

using Names = std::vector<std::string>;

const Names kPathNames = {"path",      "filepath", "file_path",  "file", "filename",
                          "file_name", "image",    "image_path", "img"};
const Names kLabelNames = {"label", "class", "emotion", "expression"};
const Names kSplitNamesInTables = {"split", "usage", "subset", "partition"};
const Names kPersonNames = {"person", "subject", "subject_id", "person_id", "identity", "participant"};
const std::array<Names, 4> kBoxNames = {
    Names{"left", "x", "face_x", "xmin"}, Names{"top", "y", "face_y", "ymin"},
    Names{"width", "w", "face_width"}, Names{"height", "h", "face_height"}};

struct Columns {
  std::optional<std::size_t> path, label, split, person;
  std::array<std::optional<std::size_t>, 4> box;
};

class Table {
 public:
  Table(const FileTree& tree, const TreeFile& file, const SourceOptions& options, Collection& collection)
      : tree_(tree),
        file_(file),
        options_(options),
        collection_(collection),
        text_(tree.text(file)),
        rows_(text_, file.source) {}

  // False when it has no columns for path and label.
  bool read() {
    std::vector<std::string> row;
    if (!rows_.next(header_)) return false;
    for (std::string& name : header_) name = trim(name);
    if (!find_columns()) return false;
    while (rows_.next(row)) add(row);
    return true;
  }

 private:
  std::optional<std::size_t> column(const std::string& wanted, const Names& usual, const char* option) const {
    if (!wanted.empty()) {
      const auto at = std::ranges::find(header_, wanted);
      if (at != header_.end()) return static_cast<std::size_t>(at - header_.begin());
      std::string names;
      for (const std::string& name : header_) names += (names.empty() ? "" : ", ") + name;
      throw Error(file_.source + ": no column '" + wanted + "'; its columns are " + names +
                  ": name one of them with " + option);
    }
    for (const std::string& name : usual)
      for (std::size_t i = 0; i < header_.size(); ++i)
        if (lower(header_[i]) == name) return i;
    return std::nullopt;
  }

  bool find_columns() {
    columns_.path = column(options_.path_column, kPathNames, "--path-column");
    columns_.label = column(options_.label_column, kLabelNames, "--label-column");
    columns_.split = column(options_.split_column, kSplitNamesInTables, "--split-column");
    columns_.person = column(options_.person_column, kPersonNames, "--person-column");
    std::array<std::string, 4> box;
    std::istringstream names(options_.box_columns);
    for (std::string& name : box) {
      std::getline(names, name, ',');
      name = trim(name);
    }
    if (!options_.box_columns.empty() && (box[3].empty() || !names.eof()))
      throw Error("--box-columns: '" + options_.box_columns +
                  "' aren't four columns; give LEFT,TOP,WIDTH,HEIGHT");
    for (std::size_t i = 0; i < box.size(); ++i)
      columns_.box[i] = column(box[i], kBoxNames[i], "--box-columns");
    return columns_.path && columns_.label;
  }

  std::string field(const std::vector<std::string>& row, std::optional<std::size_t> index) const {
    return index && *index < row.size() ? trim(row[*index]) : "";
  }

  std::optional<TreeFile> picture(std::string path) const {
    std::ranges::replace(path, '\\', '/');
    path = nfc(path);
    if (path.starts_with("./")) path.erase(0, 2);
    if (path.starts_with('/')) {
      std::error_code error;
      const auto bytes = std::filesystem::file_size(path, error);
      if (error) return std::nullopt;
      return TreeFile{path.substr(1), path, bytes, -1, 0, path};
    }
    const std::string folder = folder_name(file_.path);
    if (const TreeFile* file = tree_.find(folder.empty() ? path : folder + "/" + path)) return *file;
    if (const TreeFile* file = tree_.find(path)) return *file;
    const auto found = tree_.ending_in(path);
    return found.size() == 1 ? std::optional(*found.front()) : std::nullopt;
  }

  void add(const std::vector<std::string>& row) {
    if (row.size() > header_.size())
      throw Error(rows_.place() + ": more fields than the first line has; quote fields that hold commas");
    const std::string path = field(row, columns_.path), label = field(row, columns_.label);
    const std::string given = field(row, columns_.split);
    if (path.empty() || label.empty()) {
      collection_.left_out.push_back({rows_.place(), "a row without path or label", ""});
      return;
    }
    Item item;
    const auto file = picture(path);
    if (!file) {
      collection_.left_out.push_back({path, "listed, but the picture isn't there", rows_.place()});
      return;
    }
    item.file = *file;
    item.label = label;
    item.person = field(row, columns_.person);
    item.split = split_by_name(given);
    if (!given.empty() && !item.split)
      throw Error(rows_.place() + ": split '" + given +
                  "' is none of train, valid, test; mend it, or name another column with --split-column");
    std::array<double, 4> box{};
    bool has_box = true;
    for (std::size_t i = 0; i < box.size(); ++i) {
      const std::string text = field(row, columns_.box[i]);
      const auto value = io::parse_number(text);
      if (!text.empty() && !value)
        throw Error(rows_.place() + ": '" + text + "' isn't a number of a box; mend it");
      has_box &= value.has_value();
      box[i] = value.value_or(0);
    }
    if (has_box && box[2] > 0 && box[3] > 0) item.box = io::FaceBox{box[0], box[1], box[2], box[3]};
    collection_.items.push_back(std::move(item));
  }

  const FileTree& tree_;
  const TreeFile& file_;
  const SourceOptions& options_;
  Collection& collection_;
  std::string text_;
  io::CsvReader rows_;
  std::vector<std::string> header_;
  Columns columns_;
};

}  // namespace

Collection collect_csv(const FileTree& tree, const SourceOptions& options) {
  const auto files = tree.named([](const std::string& name) {
    const std::string extension = extension_of(name);
    return extension == ".csv" || extension == ".tsv";
  });
  Collection collection;
  bool any = false;
  for (const TreeFile* file : files) any |= Table(tree, *file, options, collection).read();
  if (!any)
    throw_unexpected_tree(
        tree, "csv",
        files.empty() ? "no .csv file"
                      : "no .csv file with columns for path and label (--path-column, --label-column)");
  if (collection.items.empty())
    throw_unexpected_tree(tree, "csv", "none of the pictures that the table lists");
  set_persons(collection, options.person_pattern);
  return collection;
}

}  // namespace poster::prepare

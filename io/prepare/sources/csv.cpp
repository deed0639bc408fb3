// Images that a table lists: columns for the path and the label, and if there are such, split, person and
// box. Each .csv or .tsv file of the tree that has the first two is used, or those alone that the user named
// (with any extension). Where an image lies is io/prepare/image_lookup.h's rule.
#include <algorithm>
#include <array>
#include <optional>
#include <sstream>

#include "engine/error.h"
#include "io/codec/image_reader.h"
#include "io/format/csv.h"
#include "io/format/join.h"
#include "io/format/printable.h"
#include "io/prepare/image_lookup.h"
#include "io/prepare/sources/class_folders.h"
#include "io/prepare/sources/sources.h"
#include "io/prepare/text_encoding.h"

namespace poster::prepare {
namespace {

using ColumnNames = std::vector<std::string>;

const ColumnNames kPathNames = {"path",      "filepath", "file_path",  "file", "filename",
                                "file_name", "image",    "image_path", "img"};
const ColumnNames kLabelNames = {"label", "class", "emotion", "expression"};
const ColumnNames kSplitNamesInTables = {"split", "usage", "subset", "partition"};
const ColumnNames kPersonNames = {"person", "subject", "subject_id", "person_id", "identity", "participant"};
const std::array<ColumnNames, 4> kBoxNames = {
    ColumnNames{"left", "x", "face_x", "xmin"}, ColumnNames{"top", "y", "face_y", "ymin"},
    ColumnNames{"width", "w", "face_width"}, ColumnNames{"height", "h", "face_height"}};
constexpr std::size_t kListedColumns = 40;

struct Columns {
  std::optional<std::size_t> path, label, split, person;
  std::array<std::optional<std::size_t>, 4> box;
};

class Table {
 public:
  Table(const FileTree& tree, const TreeFile& file, const SourceOptions& options, Collection& collection)
      : file_(file),
        options_(options),
        collection_(collection),
        text_(tree.text(file)),
        rows_(text_, file.source),
        items_(tree, file, {"images"}, collection) {}

  // Reads the first line: "", or why this is no table of images.
  std::string find_columns() {
    if (!rows_.next(header_)) return "it is empty";
    for (std::string& name : header_) name = trim(name);
    const auto path = column(options_.path_column, kPathNames, "--path-column");
    const auto label = column(options_.label_column, kLabelNames, "--label-column");
    const auto split = column(options_.split_column, kSplitNamesInTables, "--split-column");
    const auto person = column(options_.person_column, kPersonNames, "--person-column");
    std::array<std::optional<std::size_t>, 4> box;
    const std::array<std::string, 4> box_names = given_box_columns();
    for (std::size_t i = 0; i < box.size(); ++i) box[i] = column(box_names[i], kBoxNames[i], "--box-columns");
    if (!missing_.empty()) return missing_;
    if (!path || !label)
      return std::string("no column for the ") +
             (path    ? "label"
              : label ? "path"
                      : "path and the label") +
             "; its columns are " + column_names() + ": name them with --path-column and --label-column";
    columns_ = {path, label, split, person, box};
    return "";
  }

  void read() {
    for (const std::string& note : chosen_) collection_.notes.push_back(file_.source + ": " + note);
    for (std::vector<std::string> row; rows_.next(row);) add(row);
    items_.finish();
  }

 private:
  std::string column_names() const {
    std::string names;
    for (std::size_t i = 0; i < header_.size(); ++i) {
      if (i == kListedColumns) return names + ", ... (" + std::to_string(header_.size()) + " in all)";
      io::add_part(names, io::printable(header_[i]));
    }
    return names;
  }

  std::optional<std::size_t> column(const std::string& wanted, const ColumnNames& usual, const char* option) {
    std::vector<std::size_t> found;
    if (!wanted.empty()) {
      for (std::size_t i = 0; i < header_.size(); ++i)
        if (header_[i] == wanted) found.push_back(i);
      if (found.empty() && missing_.empty())
        missing_ = "no column '" + wanted + "'; its columns are " + column_names() +
                   ": name one of them with " + option;
    } else {
      for (const std::string& name : usual)
        for (std::size_t i = 0; i < header_.size(); ++i)
          if (lower(header_[i]) == name) found.push_back(i);
    }
    if (found.empty()) return std::nullopt;
    const std::string& first = header_[found.front()];
    if (found.size() > 1 && lower(first) == lower(header_[found[1]]) && missing_.empty())
      missing_ = "the column '" + io::printable(first) + "' occurs twice; rename one of them";
    if (found.size() > 1)
      chosen_.push_back("takes column '" + io::printable(first) + "', not '" +
                        io::printable(header_[found[1]]) + "'; " + option + " says otherwise");
    return found.front();
  }

  std::array<std::string, 4> given_box_columns() const {
    std::array<std::string, 4> box;
    std::istringstream names(options_.box_columns);
    for (std::string& name : box) {
      std::getline(names, name, ',');
      name = trim(name);
    }
    if (!options_.box_columns.empty() && (box[3].empty() || !names.eof()))
      throw Error("--box-columns: '" + options_.box_columns +
                  "' aren't four columns; give LEFT,TOP,WIDTH,HEIGHT");
    return box;
  }

  std::string field(const std::vector<std::string>& row, std::optional<std::size_t> index) const {
    return index && *index < row.size() ? trim(row[*index]) : "";
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
    item.label = label;
    item.person = field(row, columns_.person);
    item.split = split_by_name(given);
    if (!given.empty() && !item.split)
      throw Error(rows_.place() + ": split '" + given +
                  "' is none of train, valid, test; mend it, or name another column with --split-column");
    item.box = box_of(row);
    items_.add(path, rows_.place(), std::move(item));
  }

  std::optional<io::FaceBox> box_of(const std::vector<std::string>& row) const {
    std::array<double, 4> box{};
    bool has_box = true;
    for (std::size_t i = 0; i < box.size(); ++i) {
      const std::string text = field(row, columns_.box[i]);
      const auto value = io::parse_number(text);
      // "1,5" may be one and a half, or fifteen hundred with its zeros gone: it isn't guessed.
      if (!text.empty() && !value)
        throw Error(rows_.place() + ": '" + text +
                    "' isn't a number of a box; write it with a decimal point");
      has_box &= value.has_value();
      box[i] = value.value_or(0);
    }
    if (!has_box || !(box[2] > 0 && box[3] > 0)) return std::nullopt;
    return io::FaceBox{box[0], box[1], box[2], box[3]};
  }

  const TreeFile& file_;
  const SourceOptions& options_;
  Collection& collection_;
  std::string text_;
  io::CsvReader rows_;
  ListedItems items_;
  std::vector<std::string> header_, chosen_;
  std::string missing_;
  Columns columns_;
};

std::vector<const TreeFile*> tables_of(const FileTree& tree, Collection& collection) {
  const auto is_table = [](const TreeFile& file) {
    const std::string extension = extension_of(file.path);
    return extension == ".csv" || extension == ".tsv";
  };
  std::vector<const TreeFile*> named, found;
  for (const TreeFile& file : tree.files()) {
    if (file.named && !io::has_image_extension(file.path))
      named.push_back(&file);
    else if (is_table(file))
      found.push_back(&file);
  }
  if (named.empty()) return found;
  for (const TreeFile* file : found) {
    tree.use(*file);
    collection.notes.push_back(file->source + ": not read, " + named.front()->source +
                               " was named with --in");
  }
  return named;
}

}  // namespace

Collection collect_csv(const FileTree& tree, const SourceOptions& options) {
  Collection collection;
  const std::vector<const TreeFile*> files = tables_of(tree, collection);
  if (files.empty()) throw_unexpected_tree(tree, "csv", "no .csv file");
  bool any = false;
  std::string misfits;
  for (const TreeFile* file : files) {
    Table table(tree, *file, options, collection);
    const std::string misfit = table.find_columns();
    if (misfit.empty()) {
      table.read();
      any = true;
      continue;
    }
    if (file->named) throw Error(file->source + ": " + misfit);
    io::add_part(misfits, file->source + ": " + misfit, "; ");
    collection.notes.push_back(file->source + ": not read, " + misfit);
  }
  if (!any && files.size() == 1) throw Error(misfits);
  if (!any)
    throw_unexpected_tree(tree, "csv", "no .csv file with columns for path and label (" + misfits + ")");
  if (collection.items.empty() && collection.left_out.empty())
    throw_unexpected_tree(tree, "csv", "no table has a row");
  if (collection.items.empty()) throw_nothing_listed(tree, "csv", collection);
  set_persons(collection, options.person_pattern);
  return collection;
}

}  // namespace poster::prepare

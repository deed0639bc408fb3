// AffectNet, in the three layouts in which it is passed on:
//   - training.csv, validation.csv:
//   subDirectory_filePath,face_x,face_y,face_width,face_height,facial_landmarks,
//     expression,valence,arousal (some copies of validation.csv lack the header), beside the pictures
//   - train_set/images/N.jpg with train_set/annotations/N_exp.npy; val_set likewise (pictures are faces,
//   224x224)
//   - text files with lines "name label" (train.txt, val.txt)
// Expressions: 0 neutral, 1 happy, 2 sad, 3 surprise, 4 fear, 5 disgust, 6 anger, 7 contempt; 8 none, 9
// uncertain and 10 no face are no expressions. Its test set was never published: the validation set is what
// papers report on, so it becomes the test split here, and valid is taken out of train.
#include <array>
#include <sstream>

#include "engine/error.h"
#include "io/csv.h"
#include "io/image_reader.h"
#include "io/prepare/npy.h"
#include "io/prepare/sources/sources.h"
#include "io/prepare/text_encoding.h"

namespace poster::prepare {
namespace {

constexpr std::array<const char*, 8> kLabels = {"neutral", "happiness", "sadness", "surprise",
                                                "fear",    "disgust",   "anger",   "contempt"};
constexpr std::size_t kColumns = 9;
constexpr std::uint64_t kMaxNpy = 1 << 20;

class AffectNet {
 public:
  explicit AffectNet(const FileTree& tree) : tree_(tree), reader_(tree) {}

  Collection collect() {
    for (const TreeFile* file :
         tree_.named([](const std::string& name) { return extension_of(name) == ".csv"; }))
      add_table(*file);
    if (collection_.items.empty()) add_arrays();
    if (collection_.items.empty())
      for (const TreeFile* file :
           tree_.named([](const std::string& name) { return extension_of(name) == ".txt"; }))
        add_list(*file);
    if (collection_.items.empty()) throw_unexpected_tree(tree_, "affectnet", "nothing labelled");
    return std::move(collection_);
  }

 private:
  static std::optional<Split> split_of(const std::string& path) {
    const std::string text = lower(path);
    if (text.find("val") != std::string::npos || text.find("test") != std::string::npos) return Split::test;
    if (text.find("train") != std::string::npos) return Split::train;
    return std::nullopt;
  }

  // Where a table or list says the picture is: beside itself, or anywhere below.
  const TreeFile* picture(const TreeFile& list, std::string name) const {
    for (char& c : name)
      if (c == '\\') c = '/';
    name = nfc(trim(name));
    const std::string folder = folder_name(list.path);
    if (const TreeFile* file = tree_.find(folder.empty() ? name : folder + "/" + name)) return file;
    const auto found = tree_.ending_in(name);
    return found.empty() ? nullptr : found.front();
  }

  void add(const TreeFile* file, const std::string& name, const std::string& place,
           std::optional<long> expression, std::optional<Split> split, std::optional<io::FaceBox> box) {
    if (!expression || *expression < 0 || *expression >= static_cast<long>(kLabels.size())) {
      collection_.left_out.push_back(
          {file ? file->source : name, "not an expression", expression ? std::to_string(*expression) : ""});
    } else if (!file) {
      collection_.left_out.push_back({name, "listed, but the picture isn't there", place});
    } else {
      Item item;
      item.file = *file;
      item.label = kLabels[static_cast<std::size_t>(*expression)];
      item.split = split;
      item.box = box;
      collection_.items.push_back(std::move(item));
    }
  }

  void add_table(const TreeFile& file) {
    const std::string text = tree_.text(file);
    io::CsvReader rows(text, file.source);
    std::vector<std::string> row;
    bool first = true;
    while (rows.next(row)) {
      const bool header = first && lower(trim(row.front())) == "subdirectory_filepath";
      if (first && !header && row.size() != kColumns) return;  // some other table
      first = false;
      if (header) continue;
      if (row.size() != kColumns)
        throw Error(rows.place() + ": " + std::to_string(row.size()) + " fields, not " +
                    std::to_string(kColumns) + "; fetch it again");
      std::array<double, 4> box{};
      bool has_box = true;
      for (std::size_t i = 0; i < box.size(); ++i) {
        const auto value = io::parse_number(row[i + 1]);
        has_box &= value.has_value();
        box[i] = value.value_or(0);
      }
      has_box &= box[2] > 0 && box[3] > 0;
      add(picture(file, row[0]), row[0], rows.place(), io::parse_integer(row[6]),
          split_of(base_name(file.path)),
          has_box ? std::optional(io::FaceBox{box[0], box[1], box[2], box[3]}) : std::nullopt);
    }
  }

  void add_arrays() {
    for (const TreeFile& file : tree_.files()) {
      if (!io::has_picture_extension(file.path)) continue;
      const std::string folder = folder_name(file.path);
      if (base_name(folder) != "images") continue;
      const std::string above = folder_name(folder);
      const std::string array =
          (above.empty() ? "" : above + "/") + "annotations/" + stem_of(file.path) + "_exp.npy";
      const TreeFile* label = tree_.find(array);
      if (!label) {
        collection_.left_out.push_back({file.source, "no annotations/N_exp.npy", ""});
        continue;
      }
      add(&file, file.path, label->source, read_npy_integer(reader_.read(*label, kMaxNpy), label->source),
          split_of(above), std::nullopt);
    }
  }

  void add_list(const TreeFile& file) {
    std::istringstream lines(tree_.text(file));
    std::size_t number = 0;
    for (std::string line; std::getline(lines, line);) {
      ++number;
      line = trim(line);
      if (line.empty()) continue;
      const std::size_t gap = line.find_last_of(" \t");
      const auto expression = gap == std::string::npos ? std::nullopt : io::parse_integer(line.substr(gap));
      const std::string name = trim(line.substr(0, gap));
      if (!expression || !io::has_picture_extension(name)) return;  // a readme, say
      const std::string own = split_of(base_name(file.path)) ? base_name(file.path) : name;
      add(picture(file, name), name, file.source + ":" + std::to_string(number), expression, split_of(own),
          std::nullopt);
    }
  }

  const FileTree& tree_;
  TreeReader reader_;
  Collection collection_;
};

}  // namespace

Collection collect_affectnet(const FileTree& tree, const SourceOptions&) { return AffectNet(tree).collect(); }

}  // namespace poster::prepare

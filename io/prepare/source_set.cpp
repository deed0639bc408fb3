#include "io/prepare/source_set.h"

#include <unordered_set>

#include "engine/error.h"
#include "io/codec/image_reader.h"
#include "io/format/join.h"
#include "io/format/printable.h"
#include "io/prepare/sources/sources.h"

namespace poster::prepare {
namespace {

ClassLabels same(const std::string& name) { return {name, {name}}; }

// Seven of one name in all sets, so that a network trained on one can be evaluated on another; each in the
// set's own order.
std::vector<ClassLabels> in_order(std::initializer_list<const char*> names) {
  std::vector<ClassLabels> classes;
  for (const char* name : names) classes.push_back(same(name));
  return classes;
}

std::vector<ClassLabels> seven() {
  return in_order({"anger", "disgust", "fear", "happiness", "neutral", "sadness", "surprise"});
}

}  // namespace

const std::vector<SourceSet>& source_sets() {
  static const std::vector<SourceSet> sets = {
      {.name = "aihub",
       .title = "AI Hub 82, Korean composite images",
       .expected =
           "folders or zips of images with an emotion in their name (EMOIMG_기쁨_TRAIN_01/...jpg) and label files img_emotion_training_data(기쁨).json",
       .faces = FaceDefault::set_or_detect,
       .korean = true,
       .own_split = false,
       .classes = {{"positive", {"joy"}},
                   {"neutral", {"neutral"}},
                   {"negative", {"anger", "anxiety", "hurt", "sadness"}}},
       .collect = collect_aihub},
      {.name = "raf-db",
       .title = "RAF-DB, basic emotions",
       .expected = "EmoLabel/list_patition_label.txt and Image/aligned/train_00001_aligned.jpg, ...",
       .classes = in_order({"surprise", "fear", "disgust", "happiness", "sadness", "anger", "neutral"}),
       .collect = collect_raf_db},
      {.name = "affectnet",
       .title = "AffectNet",
       .expected =
           "training.csv and validation.csv (subDirectory_filePath, face_x, ..., expression) beside the images they name; or train_set/images/N.jpg and train_set/annotations/N_exp.npy, and val_set; or train.txt and val.txt with lines 'name label' beside the images",
       .faces = FaceDefault::set,
       .classes =
           in_order({"neutral", "happiness", "sadness", "surprise", "fear", "disgust", "anger", "contempt"}),
       .collect = collect_affectnet},
      {.name = "ferplus",
       .title = "FER2013 with FERPlus' votes",
       .expected = "fer2013.csv (emotion,pixels,Usage) and fer2013new.csv (Usage,Image name,neutral,...,NF)",
       .classes =
           in_order({"neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt"}),
       .collect = collect_ferplus},
      {.name = "caer-s",
       .title = "CAER-S",
       .expected = "train/<class>/*.png and test/<class>/*.png",
       .faces = FaceDefault::detect,
       .classes = seven(),
       .collect = collect_caer_s},
      {.name = "kdef",
       .title = "KDEF",
       .expected = "AF01/AF01ANS.JPG, ... (session, sex, number, emotion, pose)",
       .faces = FaceDefault::detect,
       .classes = in_order({"fear", "anger", "disgust", "happiness", "neutral", "sadness", "surprise"}),
       .collect = collect_kdef},
      {.name = "jaffe",
       .title = "JAFFE",
       .expected = "KA.AN1.39.tiff, ... (person, emotion, numbers)",
       .faces = FaceDefault::detect,
       .classes = seven(),
       .collect = collect_jaffe},
      {.name = "emohevrdb",
       .title = "EmoHeVRDB, faces with a VR headset",
       .expected =
           "training_set/<Emotion>/<time>-<participant>-<camera>.jpg, validation_set/... and test_set/...",
       .classes = seven(),
       .collect = collect_emohevrdb},
      {.name = "csv",
       .title = "any images that a table lists",
       .expected =
           "a .csv file with columns for path and label (path or file, label or class; optionally split, person, and left, top, width, height) and the images it names",
       .faces = FaceDefault::set,
       .collect = collect_csv},
      {.name = "folder",
       .title = "any images in class folders",
       .expected = "<class>/*.jpg, or train/<class>/*.jpg, valid/<class>/*.jpg, test/<class>/*.jpg",
       .collect = collect_folder},
  };
  return sets;
}

const SourceSet& source_set(const std::string& name) {
  for (const SourceSet& set : source_sets())
    if (set.name == name) return set;
  throw Error("SET: '" + name + "' isn't a set that is known; give one of " +
              io::join(source_sets(), ", ", [](const SourceSet& set) { return set.name; }));
}

Collection collect_set(const SourceSet& set, const FileTree& tree, const SourceOptions& options) {
  Collection collection = set.collect(tree, options);
  std::unordered_set<std::string> known;
  for (const Item& item : collection.items) known.insert(item.file.source);
  for (const LeftOut& one : collection.left_out) known.insert(one.source);
  std::size_t unlisted = 0;
  std::string first;
  for (const TreeFile& file : tree.files()) {
    if (!io::has_image_extension(file.path) || known.contains(file.source)) continue;
    if (unlisted++ == 0) first = file.source;
  }
  if (unlisted > 0)
    collection.notes.push_back(std::to_string(unlisted) + " images that nothing labels, the first is " +
                               first);
  for (const std::string& note : tree.notes()) collection.notes.push_back(note);
  if (const std::string line = tree.left_out_line(); !line.empty()) collection.notes.push_back(line);
  collection.left_out.insert(collection.left_out.end(), tree.left_out().begin(), tree.left_out().end());
  return collection;
}

void throw_unexpected_tree(const FileTree& tree, const std::string& set, const std::string& missing) {
  throw Error(io::printable(tree.name() + ": " + missing) + "; expected " + source_set(set).expected +
              "; found " + tree.contents() + "; name the folder or archive that holds the set with --in");
}

}  // namespace poster::prepare

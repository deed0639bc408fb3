// AffectNet: a look-alike of at least 50 images, with its traps.
#include <array>

#include "tests/io/prepare/prepare_sets.h"

namespace poster::prepare {
namespace {

const char* const kAffectNetHeader =
    "subDirectory_filePath,face_x,face_y,face_width,face_height,facial_landmarks,expression,valence,"
    "arousal\n";

TEST_F(PrepareSets, AffectNetTables) {
  Files files;
  std::string train = kAffectNetHeader, valid;  // copies without the header go round
  for (int i = 0; i < 66; ++i) {
    const std::string name = std::to_string(i % 5) + "/" + numbered("%032x", i) + ".jpg";
    (i < 44 ? train : valid) += name + ",2,3,30,31,\"1;2\"," + std::to_string(i % 11) + ",-0.5,0.25\n";
    files["Manually_Annotated/Manually_Annotated_Images/" + name] =
        test::made_jpeg(static_cast<std::uint64_t>(i));
  }
  files["Manually_Annotated_file_lists/training.csv"] = bytes_of(train);
  files["Manually_Annotated_file_lists/validation.csv"] = bytes_of(valid);
  const Collection collection = collect("affectnet", files);
  EXPECT_EQ(labels(collection), (Counts{{"neutral", 6},
                                        {"happiness", 6},
                                        {"sadness", 6},
                                        {"surprise", 6},
                                        {"fear", 6},
                                        {"disgust", 6},
                                        {"anger", 6},
                                        {"contempt", 6}}));
  EXPECT_EQ(splits(collection), (Counts{{"train", 32}, {"test", 16}}));
  EXPECT_EQ(collection.items.front().box, (io::FaceBox{2, 3, 30, 31}));
  EXPECT_EQ(reasons(collection.left_out), (Counts{{"not an expression", 18}}));
  expect_tree_error("affectnet");
}

// One value in a .npy file, as NumPy writes it.
std::vector<std::uint8_t> npy(const std::string& type, const std::vector<std::uint8_t>& data) {
  std::string header = "{'descr': '" + type + "', 'fortran_order': False, 'shape': (), }";
  header.resize(118, ' ');
  header.back() = '\n';
  std::string bytes("\x93NUMPY\x01\0\x76\0", 10);
  bytes += header;
  bytes.append(data.begin(), data.end());
  return bytes_of(bytes);
}

TEST_F(PrepareSets, AffectNetArrays) {
  Files files;
  for (int i = 0; i < 60; ++i) {
    const std::string set = i < 45 ? "train_set/" : "val_set/", name = std::to_string(i);
    const auto digit = static_cast<std::uint8_t>(i % 8);
    files[set + "images/" + name + ".jpg"] = test::made_jpeg(static_cast<std::uint64_t>(i));
    files[set + "annotations/" + name + "_val.npy"] = npy("<f8", std::vector<std::uint8_t>(8));
    files[set + "annotations/" + name + "_exp.npy"] =
        i % 3 == 0   ? npy("<U1", {static_cast<std::uint8_t>('0' + digit), 0, 0, 0})
        : i % 3 == 1 ? npy("<i8", {digit, 0, 0, 0, 0, 0, 0, 0})
                     : npy("|S1", {static_cast<std::uint8_t>('0' + digit)});
  }
  files.erase("val_set/annotations/59_exp.npy");
  const Collection collection = collect("affectnet", files);
  EXPECT_EQ(labels(collection).at("neutral"), 8u);
  EXPECT_EQ(labels(collection).at("contempt"), 7u);
  EXPECT_EQ(splits(collection), (Counts{{"train", 45}, {"test", 14}}));
  EXPECT_EQ(reasons(collection.left_out), (Counts{{"no annotations/N_exp.npy", 1}}));
  for (const Item& item : collection.items) {
    const int number = std::stoi(stem_of(item.file.path));
    const std::array names = {"neutral", "happiness", "sadness", "surprise",
                              "fear",    "disgust",   "anger",   "contempt"};
    EXPECT_EQ(item.label, names[static_cast<std::size_t>(number % 8)]) << item.file.path;
  }
  files["train_set/annotations/0_exp.npy"] = bytes_of("nothing");
  test::expect_contains(error_of("affectnet", files), "train_set/annotations/0_exp.npy: no NumPy file");
}

TEST_F(PrepareSets, AffectNetLists) {
  Files files;
  std::string train, valid;
  for (int i = 0; i < 54; ++i) {
    const std::string name = (i < 40 ? "train/" : "val/") + numbered("image%07d.jpg", i);
    (i < 40 ? train : valid) += name + " " + std::to_string(i % 9) + "\n";
    files["images/" + name] = test::made_jpeg(static_cast<std::uint64_t>(i));
  }
  files["train.txt"] = bytes_of(train);
  files["val.txt"] = bytes_of(valid);
  files["readme.txt"] = bytes_of("AffectNet, as it is passed on\n");
  const Collection collection = collect("affectnet", files);
  EXPECT_EQ(labels(collection), (Counts{{"neutral", 6},
                                        {"happiness", 6},
                                        {"sadness", 6},
                                        {"surprise", 6},
                                        {"fear", 6},
                                        {"disgust", 6},
                                        {"anger", 6},
                                        {"contempt", 6}}));
  EXPECT_EQ(splits(collection), (Counts{{"train", 36}, {"test", 12}}));
  EXPECT_EQ(reasons(collection.left_out), (Counts{{"not an expression", 6}}));
}

}  // namespace
}  // namespace poster::prepare

// JAFFE: a look-alike of at least 50 images, with its traps.
#include <array>

#include "tests/io/prepare/prepare_sets.h"

namespace poster::prepare {
namespace {

TEST_F(PrepareSets, Jaffe) {
  Files files;
  std::uint64_t number = 0;
  for (const char* person : {"KA", "KL", "KM", "UY"})
    for (const char* emotion : {"AN", "DI", "FE", "HA", "NE", "SA", "SU"})
      for (int i = 1; i <= 2; ++i) {
        ++number;
        files["jaffe/" + std::string(person) + "." + emotion + std::to_string(i) +
              (number == 5 ? ".." : ".") + std::to_string(number) + ".tiff"] = test::made_tiff(number);
      }
  files["jaffe/README"] = bytes_of("x");
  files["jaffe/cover.png"] = test::made_png(77);
  const Collection collection = collect("jaffe", files);
  EXPECT_EQ(labels(collection), (Counts{{"fear", 8},
                                        {"anger", 8},
                                        {"disgust", 8},
                                        {"happiness", 8},
                                        {"neutral", 8},
                                        {"sadness", 8},
                                        {"surprise", 8}}));
  EXPECT_EQ(persons(collection).size(), 4u);
  EXPECT_EQ(reasons(collection.left_out), (Counts{{"a name that isn't JAFFE's", 1}}));
  const Summary summary = prepared("jaffe");
  EXPECT_EQ(summary.persons, (std::array<std::size_t, 3>{2, 1, 1}));  // every split has a person
  EXPECT_TRUE(std::filesystem::exists(folder_ / "out/manifest.csv"));
  // TIFF becomes PNG, pixel for pixel.
  for (const auto& [name, bytes] : test::read_files(folder_ / "out"))
    if (stem_of(name) == "KA.AN1.1") {
      EXPECT_EQ(io::decode_image(bytes, name), io::decode_image(test::made_tiff(1), "x"));
    }
  expect_tree_error("jaffe");
}

}  // namespace
}  // namespace poster::prepare

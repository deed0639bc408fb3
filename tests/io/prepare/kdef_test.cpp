// KDEF: a look-alike of at least 50 images, with its traps.
#include "tests/io/prepare/prepare_sets.h"

namespace poster::prepare {
namespace {

TEST_F(PrepareSets, Kdef) {
  Files files;
  std::uint64_t number = 0;
  for (const char* session : {"A", "B"})
    for (const char* person : {"F01", "F02", "M01", "M02"})
      for (const char* emotion : {"AF", "AN", "DI", "HA", "NE", "SA", "SU"})
        for (const char* pose : {"S", "HL", "FR"}) {
          ++number;
          files["KDEF/" + std::string(session) + person + "/" + session + person + emotion + pose +
                (number % 2 ? ".JPG" : ".jpg")] = test::made_jpeg(number);
        }
  files["KDEF/AF03/AF31V.JPG"] = test::made_jpeg(900);
  const Collection frontal = collect("kdef", files);
  EXPECT_EQ(labels(frontal), (Counts{{"fear", 8},
                                     {"anger", 8},
                                     {"disgust", 8},
                                     {"happiness", 8},
                                     {"neutral", 8},
                                     {"sadness", 8},
                                     {"surprise", 8}}));
  EXPECT_EQ(persons(frontal),
            (std::set<std::string>{"f01", "f02", "m01", "m02"}));  // both sessions show the same
  EXPECT_EQ(reasons(frontal.left_out),
            (Counts{{"a pose that --poses leaves out", 112}, {"a name that isn't KDEF's", 1}}));
  SourceOptions options;
  options.poses = "S, HL";
  EXPECT_EQ(collect("kdef", files, options).items.size(), 112u);
  options.poses = "S,UP";
  test::expect_contains(error_of("kdef", files, options), "--poses: 'UP'");
  expect_tree_error("kdef");
}

}  // namespace
}  // namespace poster::prepare

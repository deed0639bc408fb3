// apps_tests [FILE [gtest's options]]: the cases of tests/apps/FILE.cpp, or all. One program, so that what they share is compiled and
// linked once; CTest runs each file's cases in a process of their own, since some train for a minute.
#include <gtest/gtest.h>

#include <cstdio>
#include <filesystem>
#include <string>

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  if (argc > 1) {
    std::string cases;
    const testing::UnitTest& all = *testing::UnitTest::GetInstance();
    for (int i = 0; i < all.total_test_suite_count(); ++i) {
      const testing::TestSuite& suite = *all.GetTestSuite(i);
      for (int j = 0; j < suite.total_test_count(); ++j) {
        const testing::TestInfo& info = *suite.GetTestInfo(j);
        if (std::filesystem::path(info.file()).stem() == argv[1])
          cases += std::string(suite.name()) + "." + info.name() + ":";
      }
    }
    if (cases.empty()) {
      std::fprintf(stderr, "apps_tests: there is no tests/apps/%s.cpp\n", argv[1]);
      return 1;
    }
    testing::GTEST_FLAG(filter) = cases;
  }
  return RUN_ALL_TESTS();
}

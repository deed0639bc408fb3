// apps_tests [FILE... [gtest's options]]: the cases of tests/apps/FILE.cpp, or all. One program, so that what they share is compiled
// and linked once; CTest runs each file's cases in a process of their own, since some train for a minute.
#include <gtest/gtest.h>

#include <cstdio>
#include <filesystem>
#include <string>

namespace {

// "Suite.case:…" of the cases in tests/apps/FILE.cpp.
std::string cases_of(const std::string& file) {
  std::string cases;
  const testing::UnitTest& all = *testing::UnitTest::GetInstance();
  for (int i = 0; i < all.total_test_suite_count(); ++i) {
    const testing::TestSuite& suite = *all.GetTestSuite(i);
    for (int j = 0; j < suite.total_test_count(); ++j)
      if (const testing::TestInfo& info = *suite.GetTestInfo(j);
          std::filesystem::path(info.file()).stem() == file)
        cases += std::string(suite.name()) + "." + info.name() + ":";
  }
  return cases;
}

}  // namespace

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  if (argc > 1 && testing::GTEST_FLAG(filter) != "*") {
    std::fprintf(stderr, "apps_tests: give files or --gtest_filter, not both\n");
    return 1;
  }
  for (int i = 1; i < argc; ++i) {
    const std::string cases = cases_of(argv[i]);
    if (cases.empty()) {
      std::fprintf(stderr, "apps_tests: there is no tests/apps/%s.cpp\n", argv[i]);
      return 1;
    }
    testing::GTEST_FLAG(filter) = (i == 1 ? "" : testing::GTEST_FLAG(filter)) + cases;
  }
  return RUN_ALL_TESTS();
}

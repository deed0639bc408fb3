#include "io/format/folder_names.h"

#include <gtest/gtest.h>

#include <fstream>

#include "engine/error.h"
#include "tests/support/temporary_folder.h"

namespace poster::io {
namespace {

TEST(FolderNames, AreSortedAndHoldEveryKind) {
  test::TemporaryFolder folder;
  std::filesystem::create_directory(folder / "b");
  for (const char* name : {"a", ".hidden", "B", "\xFF"}) std::ofstream(folder / name) << name;
  EXPECT_EQ(names_in(folder.path()), (std::vector<std::string>{".hidden", "B", "a", "b", "\xFF"}));
  EXPECT_EQ(names_in(folder / "b"), std::vector<std::string>());
}

TEST(FolderNames, SayWhichFolderCannotBeRead) {
  test::TemporaryFolder folder;
  std::ofstream(folder / "file") << "x";
  for (const char* name : {"missing", "file"}) {
    EXPECT_EQ(names_in_if_there(folder / name), std::vector<std::string>());
    try {
      names_in(folder / name);
      FAIL() << name;
    } catch (const Error& error) {
      EXPECT_TRUE(std::string(error.what()).starts_with((folder / name).string() + ": ")) << error.what();
    }
  }
}

}  // namespace
}  // namespace poster::io

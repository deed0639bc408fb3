#include "io/format/folder_lock.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <optional>

#include "engine/error.h"
#include "tests/support/error_text.h"
#include "tests/support/temporary_folder.h"

namespace poster::io {
namespace {

namespace fs = std::filesystem;

std::string lock_message(const fs::path& folder, const fs::path& file = {}) {
  return test::message_of<Error>([&] { FolderLock lock(folder, "poster_study", file); });
}

TEST(FolderLock, IsHeldByOneAtATime) {
  test::TemporaryFolder folder;
  {
    FolderLock first(folder.path(), "poster_train");
    EXPECT_TRUE(first.held());
    EXPECT_EQ(lock_message(folder.path()),
              folder.path().string() + ": another poster_train (process " + std::to_string(::getpid()) +
                  ") is at work in it; wait for it, or name another folder with --out");
    EXPECT_EQ(lock_message(folder.path(), folder / "other"), "nothing thrown");
    const FolderLock moved = std::move(first);
    EXPECT_NE(lock_message(folder.path()), "nothing thrown");
  }
  EXPECT_EQ(lock_message(folder.path()), "nothing thrown");
}

TEST(FolderLock, LeavesAnEmptyFileAndOthersFilesAsTheyAre) {
  test::TemporaryFolder folder;
  { const FolderLock lock(folder.path(), "poster_train"); }
  EXPECT_EQ(test::read_file(folder / ".lock"), "");
  test::write_file(folder / "precious", "text");
  fs::create_hard_link(folder / "precious", folder / "lock");
  { const FolderLock lock(folder.path(), "poster_train", folder / "lock"); }
  EXPECT_EQ(test::read_file(folder / "precious"), "text");
}

TEST(FolderLock, EndsWithItsProcess) {
  test::TemporaryFolder folder;
  int ready[2];
  ASSERT_EQ(::pipe(ready), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    const FolderLock lock(folder.path(), "child");
    [[maybe_unused]] const auto written = ::write(ready[1], "x", 1);
    ::pause();
    ::_exit(0);
  }
  char byte;
  ASSERT_EQ(::read(ready[0], &byte, 1), 1);
  test::expect_contains(lock_message(folder.path()), "another child (process " + std::to_string(child) + ")");
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  EXPECT_EQ(lock_message(folder.path()), "nothing thrown");
}

TEST(FolderLock, NoticesThatItsFolderWasReplaced) {
  test::TemporaryFolder folder;
  const fs::path run = folder / "run";
  fs::create_directory(run);
  const FolderLock lock(run, "poster_train");
  lock.check();
  fs::rename(run, folder / "moved");
  EXPECT_NE(test::message_of<Error>([&] { lock.check(); }), "nothing thrown");
  fs::create_directory(run);
  const FolderLock other(run, "poster_train");
  EXPECT_EQ(test::message_of<Error>([&] { lock.check(); }),
            run.string() + ": was removed or replaced while this program was at work in it; start it again");
  other.check();
}

TEST(FolderLock, SaysWhyItCannotBe) {
  test::TemporaryFolder folder;
  test::expect_contains(lock_message(folder / "none"), "the folder");
  ASSERT_EQ(::mkfifo((folder / ".lock").c_str(), 0666), 0);
  EXPECT_EQ(lock_message(folder.path()), "nothing thrown");  // a lock lies on anything, without waiting
}

}  // namespace
}  // namespace poster::io

#include "io/atomic_file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <thread>

#include "engine/error.h"
#include "engine/random.h"
#include "tests/support/temporary_folder.h"

namespace poster::io {
namespace {

using test::message_of;
using test::read_file;

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST(AtomicFile, WritesAndReplaces) {
  test::TemporaryFolder folder;
  write_file_atomically(folder / "a.txt", "one");
  EXPECT_EQ(read_file(folder / "a.txt"), "one");
  write_file_atomically(folder / "a.txt", "2");
  EXPECT_EQ(read_file(folder / "a.txt"), "2");
  write_file_atomically(folder / "a.txt", "");
  EXPECT_EQ(read_file(folder / "a.txt"), "");
  EXPECT_EQ(folder.entries(), 1);
}

TEST(AtomicFile, SmallAndLargeWritesKeepTheirOrder) {
  test::TemporaryFolder folder;
  std::string expected;
  write_file_atomically(folder / "a", [&](AtomicFileSink& sink) {
    for (int i = 0; i < 200; ++i) {
      const std::string piece(i % 10 == 0 ? 70000 : i * 97 % 3000, static_cast<char>('a' + i % 26));
      sink.write(piece);
      expected += piece;
    }
  });
  EXPECT_EQ(read_file(folder / "a"), expected);
  const std::string one = "ab", two = "", three = "cd";
  const std::span<const std::byte> pieces[] = {std::as_bytes(std::span(one)), std::as_bytes(std::span(two)),
                                               std::as_bytes(std::span(three))};
  write_file_atomically(folder / "b", pieces);
  EXPECT_EQ(read_file(folder / "b"), "abcd");
}

TEST(AtomicFile, KeepsThePreviousFile) {
  test::TemporaryFolder folder;
  const auto path = folder / "last.safetensors", previous = folder / "last.previous.safetensors";
  EXPECT_EQ(previous_path(path), previous);
  EXPECT_EQ(previous_path("plain"), "plain.previous");
  write_file_atomically(path, "1", KeepPrevious::yes);
  EXPECT_FALSE(std::filesystem::exists(previous));
  write_file_atomically(path, "2", KeepPrevious::yes);
  EXPECT_EQ(read_file(path) + read_file(previous), "21");
  write_file_atomically(path, "3", KeepPrevious::yes);
  EXPECT_EQ(read_file(path) + read_file(previous), "32");
  EXPECT_EQ(folder.entries(), 2);
}

TEST(AtomicFile, GoesOnAfterACrashBetweenTheTwoRenames) {
  test::TemporaryFolder folder;
  const auto path = folder / "last.txt", previous = folder / "last.previous.txt";
  test::write_file(path, "old");
  std::filesystem::create_hard_link(path, previous);
  test::write_file(folder / ".last.txt.tmp", "half of a much longer file that was never finished");
  write_file_atomically(path, "new", KeepPrevious::yes);
  EXPECT_EQ(read_file(path) + read_file(previous), "newold");
  EXPECT_EQ(folder.entries(), 2);
}

TEST(AtomicFile, AFailingWriterLeavesTheOldFile) {
  test::TemporaryFolder folder;
  write_file_atomically(folder / "a", "old");
  auto fail = [](AtomicFileSink& sink) {
    sink.write(std::string(100000, 'x'));
    throw Error("the writer fails");
  };
  const auto message =
      message_of<Error>([&] { write_file_atomically(folder / "a", fail, KeepPrevious::yes); });
  EXPECT_EQ(message, "the writer fails");
  EXPECT_EQ(read_file(folder / "a"), "old");
  EXPECT_EQ(folder.entries(), 1);
}

TEST(AtomicFile, AFullDiskLeavesTheOldFile) {
  test::TemporaryFolder folder;
  write_file_atomically(folder / "a", "old");
  // The limit on the size of files stands for the disk: the write comes back short, the next one fails.
  const auto old_handler = ::signal(SIGXFSZ, SIG_IGN);
  rlimit old_limit;
  ::getrlimit(RLIMIT_FSIZE, &old_limit);
  const rlimit limit{100000, old_limit.rlim_max};
  ::setrlimit(RLIMIT_FSIZE, &limit);
  const auto large = message_of<Error>(
      [&] { write_file_atomically(folder / "a", std::string(200000, 'x'), KeepPrevious::yes); });
  const auto pieces = message_of<Error>([&] {
    write_file_atomically(folder / "a", [](AtomicFileSink& sink) {
      for (int i = 0; i < 2000; ++i) sink.write(std::string(100, 'x'));
    });
  });
  ::setrlimit(RLIMIT_FSIZE, &old_limit);
  ::signal(SIGXFSZ, old_handler);
  EXPECT_TRUE(contains(large, (folder / "a").string() + ": larger than files may be here")) << large;
  EXPECT_TRUE(contains(pieces, "ulimit -f")) << pieces;
  EXPECT_EQ(read_file(folder / "a"), "old");
  EXPECT_EQ(folder.entries(), 1);
}

TEST(AtomicFile, ReportsEveryFailedWrite) {
  const int full = ::open("/dev/full", O_WRONLY);
  if (full < 0) GTEST_SKIP() << "no /dev/full";
  const std::filesystem::path path = "folder/a";
  AtomicFileSink sink(full, path);
  EXPECT_EQ(message_of<Error>([&] { sink.write(std::string(100000, 'x')); }),
            "folder/a: disk full, free some space or choose another folder");
  sink.write("x");
  EXPECT_TRUE(contains(message_of<Error>([&] { sink.flush(); }), "disk full"));
  ::close(full);
}

TEST(AtomicFile, SaysWhyAPlaceIsUnfit) {
  test::TemporaryFolder folder;
  test::write_file(folder / "file", "x");
  auto message = [&](const std::filesystem::path& path) {
    return message_of<Error>([&] { write_file_atomically(path, "new"); });
  };
  EXPECT_TRUE(contains(message(folder / "file/a"), "file is not a folder")) << message(folder / "file/a");
  EXPECT_TRUE(contains(message(folder / "none/a"), "none doesn't exist")) << message(folder / "none/a");
  EXPECT_TRUE(contains(message(folder.path()), "is a folder")) << message(folder.path());
  EXPECT_TRUE(contains(message(folder / ""), "names a folder"));
  EXPECT_TRUE(contains(message("/dev/null"), "not a regular file"));
  EXPECT_TRUE(contains(message(folder / std::string(300, 'n')), "too long"));
  EXPECT_TRUE(contains(message("/proc/a"), "/proc")) << message("/proc/a");
  EXPECT_EQ(read_file(folder / "file"), "x");
  EXPECT_EQ(folder.entries(), 1);
}

TEST(AtomicFile, NoPermission) {
  test::TemporaryFolder folder;
  test::write_file(folder / "a", "old");
  using std::filesystem::perms;
  std::filesystem::permissions(
      folder.path(), perms::owner_read | perms::owner_exec | perms::others_read | perms::others_exec);
  // Root may write everywhere, so it becomes nobody for the while.
  const bool root = ::geteuid() == 0;
  if (root && ::seteuid(65534) != 0) GTEST_SKIP() << "root can't become nobody here";
  const auto message = message_of<Error>([&] { write_file_atomically(folder / "a", "new"); });
  if (root) {
    ASSERT_EQ(::seteuid(0), 0);
  }
  std::filesystem::permissions(folder.path(), perms::owner_all);
  EXPECT_TRUE(contains(message, "no permission to write in " + folder.path().string())) << message;
  EXPECT_EQ(read_file(folder / "a"), "old");
}

TEST(AtomicFile, FollowsALink) {
  test::TemporaryFolder folder;
  test::write_file(folder / "real", "old");
  std::filesystem::create_symlink("real", folder / "link");
  write_file_atomically(folder / "link", "new");
  EXPECT_TRUE(std::filesystem::is_symlink(folder / "link"));
  EXPECT_EQ(read_file(folder / "real"), "new");
}

TEST(AtomicFile, WritersOfTheSameFileWaitForEachOther) {
  test::TemporaryFolder folder;
  auto write_often = [&](char letter) {
    for (int i = 0; i < 50; ++i)
      write_file_atomically(folder / "a", std::string(200000, letter), KeepPrevious::yes);
  };
  std::thread other(write_often, 'x');
  write_often('y');
  other.join();
  const std::string content = read_file(folder / "a"), previous = read_file(folder / "a.previous");
  EXPECT_EQ(content, std::string(200000, content[0]));
  EXPECT_EQ(previous, std::string(200000, previous[0]));
  EXPECT_EQ(folder.entries(), 2);
}

// A child writes versions without end and is killed at some moment: PATH must hold one whole version, and the
// previous file, once there is one, the same one or the one before.
TEST(AtomicFile, SurvivesKillAtAnyMoment) {
  test::TemporaryFolder folder;
  const auto path = folder / "last.bin", previous = folder / "last.previous.bin";
  auto content = [](int version) {
    return std::to_string(version) + "\n" + std::string(300000, static_cast<char>('a' + version % 26));
  };
  auto version_of = [&](const std::filesystem::path& file) {
    const std::string text = read_file(file);
    const int version = text.empty() ? -1 : std::atoi(text.c_str());
    return text == content(version) ? version : -1;
  };
  write_file_atomically(path, content(0), KeepPrevious::yes);
  RandomStream random(7, RandomPurpose::test);
  int last = 0;
  for (int round = 0; round < 100; ++round) {
    const int first = last + 1;
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      try {
        for (int version = first;; ++version)
          write_file_atomically(path, content(version), KeepPrevious::yes);
      } catch (...) {
        ::_exit(1);
      }
    }
    ::usleep(static_cast<useconds_t>(random.uniform(500, 15000)));
    ::kill(child, SIGKILL);
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status));
    const int version = version_of(path);
    ASSERT_GE(version, last) << "round " << round;
    if (std::filesystem::exists(previous)) {
      const int before = version_of(previous);
      ASSERT_GE(before, 0) << "round " << round;
      ASSERT_TRUE(before == version || before == version - 1) << before << " before " << version;
    }
    last = version;
  }
  EXPECT_GT(last, 0);
  write_file_atomically(path, "end", KeepPrevious::yes);
  EXPECT_EQ(read_file(path), "end");
  EXPECT_EQ(folder.entries(), 2);
}

}  // namespace
}  // namespace poster::io

#include "io/format/atomic_file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <memory>
#include <thread>
#include <vector>

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

// A writer that is stopped for ever, or killed, in the middle of its work.
class StoppedWriter {
 public:
  StoppedWriter(const std::filesystem::path& path, int signal) {
    int ready[2];
    if (::pipe(ready) != 0) throw std::runtime_error("no pipe");
    child_ = ::fork();
    if (child_ == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      write_file_atomically(path, [&](AtomicFileSink& sink) {
        sink.write("half");
        sink.flush();
        [[maybe_unused]] const auto written = ::write(ready[1], "x", 1);
        ::pause();
      });
      ::_exit(0);
    }
    char byte;
    if (::read(ready[0], &byte, 1) != 1) throw std::runtime_error("no writer");
    ::close(ready[0]);
    ::close(ready[1]);
    ::kill(child_, signal);
    if (signal == SIGKILL) end();
  }
  ~StoppedWriter() { end(); }

 private:
  void end() {
    if (child_ < 0) return;
    ::kill(child_, SIGKILL);
    ::waitpid(child_, nullptr, 0);
    child_ = -1;
  }
  pid_t child_;
};

TEST(AtomicFile, NobodyWaitsForAStoppedWriter) {
  test::TemporaryFolder folder;
  {
    const StoppedWriter first(folder / "a", SIGSTOP), second(folder / "a", SIGSTOP);
    write_file_atomically(folder / "a", "new", KeepPrevious::yes);
    write_file_atomically(folder / "a", "newer", KeepPrevious::yes);
    EXPECT_EQ(read_file(folder / "a"), "newer");
    EXPECT_EQ(read_file(folder / "a.previous"), "new");
    EXPECT_EQ(read_file(folder / ".a.tmp"), "half");
    std::vector<std::unique_ptr<StoppedWriter>> others;
    for (int i = 0; i < 6; ++i) others.push_back(std::make_unique<StoppedWriter>(folder / "a", SIGSTOP));
    EXPECT_TRUE(contains(message_of<Error>([&] { write_file_atomically(folder / "a", "x"); }),
                         (folder / "a").string() + ": 8 programs are writing it"));
    EXPECT_EQ(read_file(folder / "a"), "newer");
  }
  // They were killed then; what they left goes with each write.
  for (int i = 0; i < 8; ++i) write_file_atomically(folder / "a", "end");
  EXPECT_EQ(read_file(folder / "a"), "end");
  EXPECT_FALSE(std::filesystem::exists(folder / ".a.tmp"));
  EXPECT_FALSE(std::filesystem::exists(folder / ".a.2.tmp"));
}

TEST(AtomicFile, AKilledWritersTemporaryIsUsedByTheNext) {
  test::TemporaryFolder folder;
  for (int i = 0; i < 3; ++i) const StoppedWriter killed(folder / "a", SIGKILL);
  EXPECT_EQ(folder.entries(), 1);
  write_file_atomically(folder / "a", "new");
  EXPECT_EQ(read_file(folder / "a"), "new");
  EXPECT_EQ(folder.entries(), 1);
}

TEST(AtomicFile, WhatLiesInPlaceOfTheTemporaryIsLeftAlone) {
  test::TemporaryFolder folder;
  test::write_file(folder / "other", "other");
  ASSERT_EQ(::mkfifo((folder / ".a.tmp").c_str(), 0666), 0);
  std::filesystem::create_symlink("other", folder / ".b.tmp");
  for (const char* name : {"a", "b"})
    EXPECT_NE(message_of<Error>([&] { write_file_atomically(folder / name, "new"); }), "nothing thrown");
  EXPECT_EQ(read_file(folder / "other"), "other");
}

TEST(AtomicFile, UnsyncedFilesAreWholeToo) {
  test::TemporaryFolder folder;
  const std::string content(300000, 'x');
  write_file_unsynced(folder / "a", std::as_bytes(std::span(content)));
  EXPECT_EQ(read_file(folder / "a"), content);
  EXPECT_EQ(folder.entries(), 1);
}

TEST(AtomicFile, WritersOfTheSameFileDontMix) {
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

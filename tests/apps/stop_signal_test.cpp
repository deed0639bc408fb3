#include "io/console/stop_signal.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

namespace poster {
namespace {

// What a process of its own returns, or minus the signal that ended it.
template <typename F>
int in_child(F&& work) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(work());
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

TEST(StopSignal, IsARequest) {
  for (const int number : {SIGINT, SIGTERM, SIGHUP})
    EXPECT_EQ(in_child([&] {
                catch_stop_signals();
                if (stop_requested()) return 1;
                ::raise(number);
                return stop_requested() ? 75 : 2;
              }),
              75);
}

TEST(StopSignal, TheSecondEndsTheProgramUnlessTheTerminalIsLost) {
  const auto twice = [](int number) {
    return in_child([&] {
      catch_stop_signals();
      ::raise(number);
      ::raise(number);
      return 75;
    });
  };
  EXPECT_EQ(twice(SIGINT), -SIGINT);
  EXPECT_EQ(twice(SIGTERM), -SIGTERM);
  EXPECT_EQ(twice(SIGHUP), 75);
}

TEST(StopSignal, NohupStaysInForce) {
  EXPECT_EQ(in_child([] {
              std::signal(SIGHUP, SIG_IGN);
              catch_stop_signals();
              ::raise(SIGHUP);
              return stop_requested() ? 1 : 0;
            }),
            0);
}

TEST(StopSignal, InterruptsWhatWaits) {
  EXPECT_EQ(in_child([] {
              catch_stop_signals();
              int ends[2];
              if (::pipe(ends) != 0) return 1;
              const pid_t parent = ::getpid();
              if (::fork() == 0) {
                // Until the parent is told to stop; it may not yet wait when the first signal comes.
                for (int i = 0; i < 200 && ::getppid() == parent; ++i)
                  ::kill(parent, SIGHUP), ::usleep(10'000);
                ::_exit(0);
              }
              char byte;
              return ::read(ends[0], &byte, 1) < 0 && errno == EINTR ? 75 : 2;
            }),
            75);
}

}  // namespace
}  // namespace poster

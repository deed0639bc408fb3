#include "io/console/stop_signal.h"

#include <csignal>

namespace poster {
namespace {

volatile std::sig_atomic_t requested = 0;

void on_signal(int number) {
  requested = 1;
  if (number != SIGHUP) std::signal(number, SIG_DFL);
}

void catch_signal(int number) {
  struct sigaction action = {};
  action.sa_handler = on_signal;
  ::sigemptyset(&action.sa_mask);
  ::sigaction(number, &action, nullptr);
}

}  // namespace

void catch_stop_signals() {
  catch_signal(SIGINT);
  catch_signal(SIGTERM);
  struct sigaction before = {};
  if (::sigaction(SIGHUP, nullptr, &before) == 0 && before.sa_handler != SIG_IGN) catch_signal(SIGHUP);
}

bool stop_requested() { return requested != 0; }

}  // namespace poster

// SIGINT, SIGTERM and SIGHUP (a lost terminal) as a request to stop after the step in hand.
#pragma once

namespace poster {

// Exit code of a program that stopped on request after saving its state.
constexpr int kStoppedExitCode = 75;  // EX_TEMPFAIL: go on with --resume auto

// From here on these signals are a request. A second SIGINT or SIGTERM ends the program at once; a second
// SIGHUP doesn't, because a shell that ends sends it after the terminal has. Where SIGHUP was ignored when
// the program started (nohup), it stays so. Calls that wait are interrupted (EINTR), not started again.
void catch_stop_signals();
bool stop_requested();

}  // namespace poster

// SIGINT and SIGTERM as a request to stop after the step in hand. A second one ends the program at once.
#pragma once

namespace poster {

// Exit code of a program that stopped on request after saving its state.
constexpr int kStoppedExitCode = 75;  // EX_TEMPFAIL: go on with --resume auto

void catch_stop_signals();
bool stop_requested();

}  // namespace poster

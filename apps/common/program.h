// What every program does alike: errors are one line on standard error, "PROGRAM: MESSAGE", and exit code 1.
#pragma once

#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdio>
#include <exception>

namespace poster {

// Parses the command line, then runs `body` (int()); returns the program's exit code.
template <typename Body>
int run_program(CLI::App& app, int argc, char** argv, Body&& body) {
  std::signal(SIGXFSZ, SIG_IGN);  // a limit on file sizes is an error of the write that meets it
  try {
    app.parse(argc, argv);
    return body();
  } catch (const CLI::Success& request) {  // --help, --version
    return app.exit(request);
  } catch (const CLI::ParseError& error) {
    std::fprintf(stderr, "%s: %s (see --help)\n", app.get_name().c_str(), error.what());
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s: %s\n", app.get_name().c_str(), error.what());
  }
  return 1;
}

}  // namespace poster

// How every program begins and ends. Errors are one line on standard error, "PROGRAM: MESSAGE", and exit code
// 1: bad options, bad files, memory that can't be had (with what was being done), output that can't be
// written.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "io/console/output.h"

namespace CLI {
class App;
}

namespace poster {

class Program {
 public:
  Program(const char* name, const char* description, int argc, char** argv);
  ~Program();

  CLI::App& options() { return *options_; }  // has --help and --version
  void parse();                              // call it when all options are added
  // What the program does from here on ("training on", "data"), for messages about memory that can't be had
  // where nothing more exact is known (engine/out_of_memory.h).
  void begin(std::string_view verb, std::string_view object);
  // What to type for another of Poster's programs: where this one was called by a path, beside it.
  std::string beside(const std::string& program) const;

 private:
  std::unique_ptr<CLI::App> options_;
  int argc_;
  char** argv_;
};

struct ProgramInfo {
  const char* name;
  const char* description;
  OutputIs output = OutputIs::result;
};

// Runs `body`, which adds options, parses and returns the exit code; returns that of the program.
int run_program(const ProgramInfo& info, int argc, char** argv, int (*body)(Program&));

}  // namespace poster

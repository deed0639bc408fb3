#include "apps/program/program.h"

#include <fcntl.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <filesystem>
#include <new>
#include <nlohmann/json.hpp>
#include <sstream>
#include <stdexcept>
#include <system_error>

#include "apps/program/command_words.h"
#include "apps/program/help_format.h"
#include "apps/program/number_options.h"
#include "apps/program/suggestion.h"
#include "engine/environment.h"
#include "engine/error.h"
#include "engine/out_of_memory.h"
#include "io/console/version.h"
#include "io/format/json.h"

namespace poster {
namespace {

const char* program_name = "poster";
char work[512] = "reading the options";  // needs no memory

// Where a descriptor of the three is closed, the next file that is opened would get its number, and messages
// would be written into it. These refuse what is written or read.
void fill_standard_descriptors() {
  for (int file = 0; file <= 2; ++file)
    if (::fcntl(file, F_GETFD) < 0) {
      [[maybe_unused]] const int opened = ::open("/dev/null", file == 0 ? O_WRONLY : O_RDONLY);
    }
}

// Without any memory.
void tell_out_of_memory(const char* doing = work) {
  char line[700];
  const int size = std::snprintf(
      line, sizeof line,
      "%s: out of memory while %s; free some, or ask for less (a smaller batch, fewer workers)\n",
      program_name, doing);
  for (int i = 0; i + 1 < size && i + 1 < static_cast<int>(sizeof line); ++i)
    if (static_cast<unsigned char>(line[i]) < 0x20 || line[i] == 0x7F) line[i] = '?';
  [[maybe_unused]] const ssize_t written =
      ::write(STDERR_FILENO, line, std::min(static_cast<std::size_t>(size), sizeof line - 1));
}

// OpenCV's way to say it; its type is known only where OpenCV is.
bool is_opencv_out_of_memory(const std::exception& error) {
  return std::strstr(error.what(), "(-4:Insufficient memory)") != nullptr;
}

std::string describe(const std::filesystem::filesystem_error& error) {
  const std::string path = error.path1().string();
  return (path.empty() ? "" : path + ": ") + error.code().message() + "; check the path and its permissions";
}

// To be called while an exception is handled.
void tell_current_exception() {
  try {
    throw;
  } catch (const OutOfMemory& error) {
    tell_out_of_memory(error.what());
  } catch (const std::bad_alloc&) {
    tell_out_of_memory();
  } catch (const std::length_error&) {  // a container of more elements than there can be
    tell_out_of_memory();
  } catch (const CLI::ParseError& error) {
    warn(std::string(error.what()) + " (see --help)");
  } catch (const nlohmann::json::exception& error) {
    warn("JSON is not as it was expected (" + io::describe_json_error(error) + "); check the files");
  } catch (const std::filesystem::filesystem_error& error) {
    warn(describe(error));
  } catch (const std::system_error& error) {
    warn(std::string(error.what()) + "; the system's limits are too low (see ulimit -a)");
  } catch (const std::exception& error) {
    if (is_opencv_out_of_memory(error)) return tell_out_of_memory();
    warn(error.what());
  } catch (...) {
    warn("an unknown error");
  }
}

// "--epoch: there is no such option; did you mean --epochs? (see --help)"
std::string unknown_words(const CLI::App& app) {
  std::vector<std::string> known;
  std::vector<const CLI::App*> apps{&app};
  for (const CLI::App* command : app.get_subcommands()) apps.push_back(command);  // those that were given
  for (const CLI::App* each : apps)
    for (const CLI::Option* option : each->get_options())
      for (const std::string& name : option->get_lnames()) known.push_back("--" + name);
  const std::vector<std::string> words = app.remaining(/*recurse=*/true);
  const auto option = std::ranges::find_if(words, [](const std::string& w) { return w.starts_with("-"); });
  if (option == words.end())
    return words.front() + ": is not expected here; an option's value stands behind the option (see --help)";
  const std::string name = option->substr(0, option->find('='));
  const std::string meant = nearest_word(name, known);
  return name + ": there is no such option" + (meant.empty() ? "" : "; did you mean " + meant + "?") +
         " (see --help)";
}

int end_with_error() {
  try {
    tell_current_exception();
  } catch (...) {  // no memory for the message
    tell_out_of_memory();
  }
  return 1;
}

// The last resort: memory that can't be had where no exception may pass, such as a library's own thread.
[[noreturn]] void on_terminate() {
  try {
    if (std::current_exception()) throw;
  } catch (const std::bad_alloc& error) {
    tell_out_of_memory(dynamic_cast<const OutOfMemory*>(&error) ? error.what() : work);
    std::_Exit(1);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s: ended by an error that nothing handles: %s\n", program_name, error.what());
  } catch (...) {
  }
  std::abort();
}

int run(const ProgramInfo& info, int argc, char** argv, int (*body)(Program&)) {
  try {
    Program program(info.name, info.description, argc, argv);
    try {
      return body(program);
    } catch (const CLI::Success& request) {  // --help, --version
      std::ostringstream text;
      program.options().exit(request, text, text);
      put(text.str());
      return 0;
    }
  } catch (...) {
    return end_with_error();
  }
}

}  // namespace

Program::Program(const char* name, const char* description, int argc, char** argv)
    : options_(std::make_unique<CLI::App>(description, name)), argc_(argc), argv_(argv) {
  const bool verbose =
      std::any_of(argv, argv + argc, [](const char* word) { return std::string_view(word) == "--verbose"; });
  options_->set_version_flag("--version", [verbose] { return verbose ? version_report() : version_line(); });
  options_->get_version_ptr()->description("say the version and end; with --verbose: how it was built");
  options_->get_help_ptr()->description("say this and end");
  options_->formatter(make_help_format());
}

Program::~Program() = default;

void Program::begin(std::string_view verb, std::string_view object) {
  std::snprintf(work, sizeof work, "%.*s %.*s", static_cast<int>(verb.size()), verb.data(),
                static_cast<int>(object.size()), object.data());
}

std::string Program::beside(const std::string& program) const {
  const std::string_view called = argc_ > 0 ? argv_[0] : "";
  const std::size_t slash = called.rfind('/');
  return slash == std::string_view::npos ? program : std::string(called.substr(0, slash + 1)) + program;
}

void Program::parse() {
  check_numbers(*options_);
  try {
    parse_words(*options_, {argv_ + std::min(argc_, 1), argv_ + argc_});
  } catch (const CLI::Success&) {
    throw;
  } catch (const CLI::ParseError&) {  // what is missing may be missing because it was mistyped
    if (options_->remaining_size(/*recurse=*/true) == 0) throw;
    throw Error(unknown_words(*options_));
  }
  check_environment();
}

int run_program(const ProgramInfo& info, int argc, char** argv, int (*body)(Program&)) {
  program_name = info.name;
  fill_standard_descriptors();
  std::signal(SIGXFSZ, SIG_IGN);  // a limit on file sizes is an error of the write that meets it
  std::signal(SIGPIPE, SIG_IGN);  // and so is a reader that has gone
  std::set_terminate(on_terminate);
  begin_output(info.name, info.output);
  const int code = run(info, argc, argv, body);
  try {
    return finish_output(code);
  } catch (...) {
    return end_with_error();
  }
}

}  // namespace poster

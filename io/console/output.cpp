#include "io/console/output.h"

#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "engine/error.h"
#include "io/format/printable.h"

namespace poster {
namespace {

const char* program_name = "poster";
OutputIs output_is = OutputIs::result;
std::atomic<int> lost{0};  // errno of the first write that failed
bool thrown = false;       // so that an error said so already

std::string reason(int error_number) {
  return "standard output cannot be written (" + std::string(std::strerror(error_number)) +
         "); check where it goes to";
}

void fail(int error_number) {
  int none = 0;
  lost.compare_exchange_strong(none, error_number == 0 ? EIO : error_number);
  if (output_is == OutputIs::progress) return;
  thrown = true;
  throw Error(reason(lost));
}

// Nobody reads any longer, or nobody ever did: the person's choice, or the way of terminals.
bool is_gone(int error_number) {
  return error_number == EPIPE || error_number == EIO || error_number == EBADF || error_number == EINTR;
}

// Flushes, also what was printed in other ways than by these functions.
void note_lost_output() {
  errno = 0;
  if (lost == 0 && (std::fflush(stdout) != 0 || std::ferror(stdout) != 0)) lost = errno == 0 ? EIO : errno;
}

// Some network file systems tell of a full disk when a file is closed.
int close_error() {
  const int copy = ::dup(STDOUT_FILENO);
  return copy >= 0 && ::close(copy) != 0 && errno != EINTR ? errno : 0;
}

}  // namespace

void begin_output(const char* program, OutputIs is) {
  program_name = program;
  output_is = is;
}

void put(std::string_view bytes) {
  if (lost != 0) return;
  errno = 0;
  if (std::fwrite(bytes.data(), 1, bytes.size(), stdout) != bytes.size()) fail(errno);
}

void flush_output() {
  if (lost != 0) return;
  errno = 0;
  if (std::fflush(stdout) != 0) fail(errno);
}

void say(std::string_view line) {
  put(io::escaped(line, io::TextLayout::tabs) + "\n");
  flush_output();
}

void say_text(std::string_view text) {
  put(io::escaped(text, io::TextLayout::tabs_and_line_breaks));
  flush_output();
}

void warn(std::string_view message) {
  while (!message.empty() && (message.back() == '\n' || message.back() == ' ')) message.remove_suffix(1);
  note_lost_output();  // in the order in which things were said
  std::fprintf(stderr, "%s: %s\n", program_name, io::escaped(message).c_str());
}

int finish_output(int code) {
  note_lost_output();
  if (lost == 0) lost = close_error();
  if (lost == 0 || (output_is == OutputIs::progress && is_gone(lost))) return code;
  if (!thrown || code == 0) warn(reason(lost));
  return code == 0 || output_is == OutputIs::result ? 1 : code;
}

}  // namespace poster

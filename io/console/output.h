// What programs say. Everything that people read leaves here: file names and other texts from outside can't
// break a line or move a terminal's cursor (io/format/printable.h), and what can't be written is noticed.
#pragma once

#include <string>
#include <string_view>

namespace poster {

enum class OutputIs {
  result,    // lost output is an error, at once
  progress,  // the result lies in files: output that is lost (a closed pipe, a lost terminal, a full disk)
             // must not end the work; the stream falls silent, and a full disk is told at the end
};

// Of the program, for its messages; run_program does it.
void begin_output(const char* program, OutputIs is);

// A line on standard output; control characters in it are escaped. It is there when this returns.
void say(std::string_view line);
// The same for a text of several lines, each with its line break.
void say_text(std::string_view text);
// A result for other programs, as it is, through a buffer.
void put(std::string_view bytes);
// These four throw Error when standard output can't be written and OutputIs::result.
void flush_output();

// "PROGRAM: MESSAGE" on standard error, on one line. Needs no memory beyond the message.
void warn(std::string_view message);

// Flushes; `code`, or 1 with a message when some of the output was lost.
int finish_output(int code);

}  // namespace poster

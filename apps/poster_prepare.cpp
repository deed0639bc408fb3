// Data sets as people have them, as a tree for poster_train.
#include <malloc.h>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "apps/prepare/prepare_options.h"
#include "apps/program/program.h"
#include "io/console/progress.h"
#include "io/format/shell_line.h"

namespace {

constexpr const char* kDescription =
    "Turns a data set, as downloaded, into DIR/{train,valid,test}/CLASS for poster_train, "
    "with a manifest and contact sheets. A second run does only what is missing.";

int run(const poster::prepare::PrepareOptions& options, const std::string& poster_train) {
  poster::io::ProgressBar bar;
  const double nothing = std::numeric_limits<double>::quiet_NaN();
  const poster::prepare::Summary summary =
      poster::prepare::prepare(options, [&](std::size_t done, std::size_t total) {
        if (done == 0)
          bar.start("Preparing", static_cast<std::int64_t>(total));
        else
          bar.advance(1, nothing, nothing);
      });
  bar.clear();
  poster::say_text(summary_text(summary) + "\n");
  const std::string out = options.out;
  std::string line = out + ": " + std::to_string(summary.processed) + " images in " +
                     poster::io::format_duration(summary.seconds);
  if (summary.processed > 0)
    line += ", " + std::to_string(std::llround(static_cast<double>(summary.processed) / summary.seconds)) +
            " images/s";
  if (summary.kept > 0) line += "; " + std::to_string(summary.kept) + " were done already";
  poster::say(line);
  // A folder that begins with - would be taken for an option.
  poster::say("Now: " + poster::io::shell_line(out.starts_with('-')
                                                   ? std::vector<std::string>{poster_train, "--data=" + out}
                                                   : std::vector<std::string>{poster_train, "--data", out}));
  return 0;
}

int run_command(poster::Program& program) {
  // Images come and go by the thousand: their memory is kept, not given back and asked for anew.
  mallopt(M_MMAP_THRESHOLD, 256 << 20);
  mallopt(M_TRIM_THRESHOLD, 512 << 20);
  poster::PrepareCommand command;
  add_prepare_options(program.options(), command);
  program.parse();
  program.begin("preparing", command.options.out);
  return run(prepare_options(command), program.beside("poster_train"));
}

}  // namespace

int main(int argc, char** argv) {
  return poster::run_program({"poster_prepare", kDescription}, argc, argv, run_command);
}

// Data sets as people have them, as a tree for poster_train.
#include <malloc.h>

#include <cstdio>
#include <limits>

#include "apps/common/program.h"
#include "apps/prepare/prepare_options.h"
#include "io/progress.h"

namespace {

constexpr const char* kDescription =
    "Turns a data set, as downloaded, into DIR/{train,valid,test}/CLASS for poster_train, with a manifest "
    "and contact "
    "sheets. A second run does only what is missing.";

int run(const poster::prepare::PrepareOptions& options) {
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
  std::fputs(summary_text(summary).c_str(), stdout);
  std::printf("\n%s: %zu pictures in %s", options.out.c_str(), summary.processed,
              poster::io::format_duration(summary.seconds).c_str());
  if (summary.processed > 0)
    std::printf(", %.0f images/s", static_cast<double>(summary.processed) / summary.seconds);
  if (summary.kept > 0) std::printf("; %zu were done already", summary.kept);
  std::printf("\nNow: poster_train --data %s\n", options.out.c_str());
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  // Pictures come and go by the thousand: their memory is kept, not given back and asked for anew.
  mallopt(M_MMAP_THRESHOLD, 256 << 20);
  mallopt(M_TRIM_THRESHOLD, 512 << 20);
  CLI::App app(kDescription, "poster_prepare");
  app.get_formatter()->column_width(34);
  poster::PrepareCommand command;
  add_prepare_options(app, command);
  return poster::run_program(app, argc, argv, [&] { return run(prepare_options(command)); });
}

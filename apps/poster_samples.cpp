// poster_samples: draws a data set of faces with the seven basic expressions, to try the other programs with.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <string>

#include "apps/program/program.h"
#include "io/sample_faces/sample_faces.h"

namespace {

constexpr const char* kDescription =
    "Draws faces with the seven basic expressions and writes them as a data set, so that POSTER V2 can be trained\n"
    "without downloading one:\n"
    "\n"
    "  DIR/{train,valid,test}/{anger,disgust,fear,happiness,neutral,sadness,surprise}/face_<identity>_<nn>.png\n"
    "\n"
    "Every identity (a drawn person: skin, shape, hair, glasses, ...) shows all seven expressions and lies in one\n"
    "split only. The expression lies in mouth, brows, eyelids and folds alone; pose, light, background and noise are\n"
    "drawn without looking at it. The same options give the same files.\n"
    "\n"
    "Example:  poster_samples --out sample_faces --per-class 200";

// An unsigned option would read "-1" as the largest number.
std::string not_negative(const std::string& text) {
  return text.starts_with('-') ? text + " is negative; give 0 or more" : "";
}

std::string line_of(int split, const poster::faces::SampleFacesSummary& summary) {
  char line[128];
  std::snprintf(line, sizeof line, "%-5s  %6d images, %d per class, of %d identities",
                poster::faces::kSplitNames[split].data(), summary.images[split],
                summary.images[split] / poster::faces::kExpressions, summary.identities[split]);
  return line;
}

void print_summary(const poster::faces::SampleFacesOptions& options,
                   const poster::faces::SampleFacesSummary& summary) {
  for (int split = 0; split < poster::faces::kSplits; ++split) poster::say(line_of(split, summary));
  poster::say("wrote " + options.directory.string());
}

int run(poster::Program& program) {
  poster::faces::SampleFacesOptions options;
  std::string directory;
  CLI::App& app = program.options();
  app.add_option("--out", directory,
                 "Folder to write; made if missing, and must be empty unless --force is given")
      ->required()
      ->type_name("DIR");
  app.add_option("--per-class", options.per_class,
                 "Images of each expression over all three splits together: 7 N files are written. "
                 "They are dealt evenly to the identities, so the splits get about 70, 10 and 20 % of N")
      ->capture_default_str()
      ->type_name("N");
  app.add_option("--identities", options.identities,
                 "Number of drawn persons, 3 to N; 0: N / 2, but at least 10 where N allows")
      ->capture_default_str()
      ->type_name("COUNT");
  app.add_option("--seed", options.seed, "Another seed draws other persons and images")
      ->check(CLI::Validator(not_negative, ""))
      ->capture_default_str()
      ->type_name("S");
  app.add_option("--size", options.size, "Side of an image in pixels, 32 to 4096")
      ->capture_default_str()
      ->type_name("PX");
  app.add_flag("--lower", options.lower_half,
               "Write what shows below a VR headset: PX x PX/2 pixels from just under the eyes on");
  app.add_option("--train-fraction", options.train_fraction,
                 "Share of the identities in train; every split has at least one identity")
      ->capture_default_str()
      ->type_name("F");
  app.add_option("--valid-fraction", options.valid_fraction,
                 "Share of the identities in valid; test takes the rest")
      ->capture_default_str()
      ->type_name("F");
  app.add_option("--threads", options.threads,
                 "Threads to draw with, 0: one per core; the files are the same")
      ->capture_default_str()
      ->type_name("T");
  app.add_flag(
      "--force", options.force,
      "Write into a folder that isn't empty; "
      "face_*.png files of an earlier run are removed from its class folders, everything else is left");
  program.parse();
  program.begin("drawing faces for", directory);
  options.directory = directory;
  print_summary(options, poster::faces::write_sample_faces(options));
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  return poster::run_program({"poster_samples", kDescription}, argc, argv, run);
}

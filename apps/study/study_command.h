// The command line of poster_study.
#pragma once

#include <string>

#include "apps/study/study.h"

namespace CLI {
class App;
}

namespace poster::study {

struct StudyCommand {
  std::string file, out, keep = "best";
  StudyOptions options;  // the others
};

void add_study_options(CLI::App& app, StudyCommand& command);

// The options once the line is parsed.
StudyOptions study_options(const StudyCommand& command);

}  // namespace poster::study

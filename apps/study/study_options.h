// Options of poster_train as they stand in a study file, {"recipe": "plain", "lr": 3e-4, "drop-last": true}:
// they go through poster_train's own command line, so that all its options are there, with its checks.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "apps/study/json_fields.h"
#include "apps/train/train_options.h"
#include "io/settings/settings.h"

namespace poster::study {

// The command line for `options`: "--lr=0.0003", … A value "@NAME" becomes the path that `paths` has for it.
// Throws Error, its message beginning with `where`: an option that poster_train doesn't know, one that the
// study itself decides, or a value that can't be one.
std::vector<std::string> command_line(const Json& options, const std::map<std::string, std::string>& paths,
                                      const std::string& where);

// The same, parsed. Throws Error likewise, for what poster_train would refuse.
TrainOptions train_options(const Json& options, const std::map<std::string, std::string>& paths,
                           const std::string& where);

// What a new run would have, data left empty. Throws Error likewise.
Settings settings_of(TrainOptions options, const std::string& where);

// Which places the options name by "@NAME".
std::vector<std::string> places_of(const Json& options);

}  // namespace poster::study

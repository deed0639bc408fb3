// Whether a run that goes on is still the same run: its settings and its data are compared with the
// checkpoint's by the table of settings.
#pragma once

#include <string>
#include <vector>

#include "io/checkpoint/checkpoint.h"
#include "io/data/dataset.h"
#include "io/settings/settings.h"

namespace poster {

// What has changed, and what that means.
struct ResumeChanges {
  std::vector<std::string> said;      // lines for the log
  std::vector<std::string> recorded;  // of these, what is kept in the run's record
  bool other_order = false;           // the epoch in hand has another order now: it begins anew
  bool other_valid = false;           // the best accuracy so far is of other images: it is found anew
};

// Adds what differs of the settings. Throws Error that names what may not change: for what only a user who
// insists may change (`allow_changes`), and what never may.
void check_settings(const Checkpoint& checkpoint, const Settings& settings, bool allow_changes,
                    ResumeChanges& changes);

// The same for the images. A run from before folders within class folders were taken goes on with its old
// rule where settings.flat_folders says so.
void check_data(const Checkpoint& checkpoint, const Settings& settings, const io::ImageFolder& train,
                const io::ImageFolder& valid, bool allow_changes, ResumeChanges& changes);

}  // namespace poster

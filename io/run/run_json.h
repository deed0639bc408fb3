// run.json: what a run was started with, and how it stands.
#pragma once

#include <string>

#include "io/checkpoint/checkpoint.h"
#include "io/data/dataset.h"
#include "io/run/run_listings.h"
#include "io/run/run_log.h"
#include "io/settings/settings.h"

namespace poster {

struct RunStatus {
  std::string state;         // io/run/run_state.h
  std::string message = {};  // why it ended, where that was an error
};

// Throws Error.
void write_run_json(const io::RunFolder& folder, const RunStatus& status, const std::string& device,
                    const Settings& settings, const Position& position, const io::ImageFolder& train,
                    const io::ImageFolder& valid, const Listings& listings);

}  // namespace poster

// What a run needs in memory, as text for the user.
#pragma once

#include <string>

#include "io/settings/settings.h"
#include "model/trainer_base.h"

namespace poster {

// A table for the settings' batch size, and the largest batch size that the device's memory allows.
std::string memory_report(TrainerBase& trainer, const Settings& settings);

}  // namespace poster

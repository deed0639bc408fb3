// The way back from a run's settings to poster_train's command line.
#pragma once

#include <string>
#include <vector>

#include "io/settings/settings.h"

namespace poster {

// Flags and values, one text each, from which poster_train resolves equal settings (resolve_settings). What
// the model, the recipe and the view bring by themselves is left out; what decides most is always there.
//
// - Class names with a comma cannot be given; the folders of the data say them where they lie in byte order.
// - Of the files that the run began with, settings keep names alone: they are given as if they lay in the
//   folder in hand.
// - A headset's texture is read again when the flags are, and must be there.
//
// Throws Error where no flags give these settings, for example those of a recipe that has changed since.
std::vector<std::string> train_arguments(const Settings& settings);

}  // namespace poster

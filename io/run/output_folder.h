// The folders that poster_train writes into.
#pragma once

#include <filesystem>

#include "io/settings/settings.h"

namespace poster {

inline constexpr const char* kTrainProgram = "poster_train";  // as locks name it

// A run's curves and confusion matrices are image files: among the data they would be trained on. Throws Error.
void check_not_data(const std::filesystem::path& folder, const Settings& settings);

}  // namespace poster

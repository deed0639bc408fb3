// What this build is made of, for run.json and --version.
#pragma once

#include <nlohmann/json_fwd.hpp>

namespace poster {

nlohmann::ordered_json version_json();

}  // namespace poster

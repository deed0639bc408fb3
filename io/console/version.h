// What a program says of itself.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace poster {

// For records.
nlohmann::ordered_json version_json();
// "Poster 0.1.0"
std::string version_line();
// For reports of faults: version, compiler, kind of build, instruction set, CUDA; a line each.
std::string version_report();

}  // namespace poster

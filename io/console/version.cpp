#include "io/console/version.h"

#include <nlohmann/json.hpp>

#include "kernels/isa.h"

namespace poster {

nlohmann::ordered_json version_json() {
  return {{"poster", POSTER_VERSION},
          {"compiler", "g++ " __VERSION__},
          {"instruction_set", kernels::isa_name(kernels::cpu_isa())}};
}

}  // namespace poster

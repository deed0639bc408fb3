#include "model/freeze.h"

#include <sstream>

#include "engine/error.h"

namespace poster {

Freeze freeze_by_name(const std::string& parts) {
  Freeze freeze{.landmarks = false, .ir50 = false};
  if (parts == "none") return freeze;
  std::istringstream stream(parts);
  bool any = false;
  for (std::string part; std::getline(stream, part, ','); any = true) {
    if (part == "landmarks") {
      freeze.landmarks = true;
    } else if (part == "ir50") {
      freeze.ir50 = true;
    } else {
      any = false;
      break;
    }
  }
  if (!any)
    throw Error("--freeze " + parts +
                ": give landmarks, ir50 or both separated by a comma, or none to train everything");
  return freeze;
}

std::string freeze_name(const Freeze& freeze) {
  if (freeze.landmarks && freeze.ir50) return "landmarks,ir50";
  return freeze.landmarks ? "landmarks" : freeze.ir50 ? "ir50" : "none";
}

}  // namespace poster

// How runs are carried out; nothing here changes a result.
#pragma once

#include <string>

namespace poster::study {

struct Machine {
  std::string device = "auto";
  int threads = 0;
};

}  // namespace poster::study

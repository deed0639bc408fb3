// The one exception of the project: a message for the person at the terminal, on one line, that names the
// file or the option and says how to mend it. Programs print it and exit with 1.
#pragma once

#include <stdexcept>
#include <string>

namespace poster {

class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace poster

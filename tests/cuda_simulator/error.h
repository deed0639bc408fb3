// What the executor throws when a kernel does what a GPU doesn't allow.
#pragma once

#include <source_location>
#include <stdexcept>
#include <string>

namespace cuda_simulator {

class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

inline std::string text(const std::source_location& at) {
  return std::string(at.file_name()) + ":" + std::to_string(at.line());
}

}  // namespace cuda_simulator

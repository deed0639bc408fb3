// Stops the fuzzer when a reader takes more memory than the project promises: twice the file, and a constant.
#pragma once

#include <cstddef>

namespace poster::fuzz {

class MemoryWatch {
 public:
  explicit MemoryWatch(std::size_t input_size);
  ~MemoryWatch();  // aborts when the most that was allocated at a time since the constructor is too much

 private:
  std::size_t allowed_;
};

}  // namespace poster::fuzz

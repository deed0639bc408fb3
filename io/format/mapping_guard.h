// What happens when the file behind a mapping becomes shorter, or its disk or network fails, while it is
// read: the system sends SIGBUS, which ends a program. Here zeros take the place of the missing bytes
// instead, and the mapping is marked, so that who reads it can say what happened.
#pragma once

#include <cstddef>
#include <span>
#include <utility>

namespace poster::io {

class MappingGuard {
 public:
  MappingGuard() = default;  // guards nothing
  // The mapping must be of whole pages' addresses, and be there until the end of this. The first guard
  // installs a handler for SIGBUS; faults elsewhere go on to the handler that was there before.
  explicit MappingGuard(std::span<const std::byte> mapping);
  ~MappingGuard();
  MappingGuard(MappingGuard&& other) noexcept : entry_(std::exchange(other.entry_, nullptr)) {}
  MappingGuard& operator=(MappingGuard&& other) noexcept {
    std::swap(entry_, other.entry_);
    return *this;
  }

  // Whether bytes that were read were missing.
  bool failed() const;

 private:
  struct Entry;
  friend struct MappingFault;
  Entry* entry_ = nullptr;
};

}  // namespace poster::io

// The parts of a network that keep the weights they were given. Their batch norms still see the batches of
// training: they use their statistics, and the running statistics move, as the reference does it for the
// landmark network.
#pragma once

#include <string>

namespace poster {

struct Freeze {
  bool landmarks = true, ir50 = false;
  bool operator==(const Freeze&) const = default;
};

// From "none" or a list such as "landmarks,ir50", and back. Throws Error that lists the parts.
Freeze freeze_by_name(const std::string& parts);
std::string freeze_name(const Freeze& freeze);

}  // namespace poster

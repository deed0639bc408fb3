// Which names in a pickle show that it is hostile.
#pragma once

#include <string_view>

namespace poster::io {

// Whether MODULE.NAME reaches the system or runs code that comes with it: os.system, builtins.eval,
// functools.reduce, torch.hub.load, … No state of a network needs such a name. Dotted names are looked
// through, because pickles of protocol 4 reach from any module into what it imports ("torch", "os.system").
bool is_unsafe_name(std::string_view module, std::string_view name);

}  // namespace poster::io

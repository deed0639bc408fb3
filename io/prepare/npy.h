// One number from a NumPy .npy file (format 1.0 to 3.0, https://numpy.org/neps/nep-0001-npy-format.html):
// AffectNet keeps each image's expression in one, as a text ("<U1") or as an integer.
#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace poster::prepare {

// Throws poster::Error, prefixed by `name`: no .npy file, more than one value, another type, not a whole
// number.
long read_npy_integer(std::span<const std::uint8_t> bytes, const std::string& name);

}  // namespace poster::prepare

// How programs open the device.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/device.h"

namespace poster::io {

// Device::open, with the plans that were measured for it (io/device/conv_plan_file.h). Says so where they are
// for another. Throws Error.
Device open_device(std::string_view name, int threads, Precision precision);
// For programs of other people: what would be said is a line of `notes`.
Device open_device(std::string_view name, int threads, Precision precision, std::vector<std::string>& notes);

}  // namespace poster::io

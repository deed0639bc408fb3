#include "io/device/open_device.h"

#include "io/console/output.h"
#include "io/device/conv_plan_file.h"

namespace poster::io {

Device open_device(std::string_view name, int threads, Precision precision) {
  std::vector<std::string> notes;
  Device device = open_device(name, threads, precision, notes);
  for (const std::string& note : notes) warn(note);
  return device;
}

Device open_device(std::string_view name, int threads, Precision precision, std::vector<std::string>& notes) {
  Device device = Device::open(name, threads, precision);
  if (std::string note = load_conv_plans(device); !note.empty()) notes.push_back(std::move(note));
  return device;
}

}  // namespace poster::io

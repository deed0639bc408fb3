// Plans for cuDNN that were measured on a device (kernels/conv_plans.h), in a file, so that all runs there take the
// same: they are as fast, and give the same bits. It is a text: what it is, for which device and version of
// cuDNN, then a line a convolution.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "engine/device.h"
#include "kernels/conv_plans.h"

namespace poster::io {

struct ConvPlanFile {
  std::string made_for;  // "NVIDIA H200, cuDNN 9.19.0"
  kernels::ConvPlanTable plans;
};

std::string conv_plan_text(const ConvPlanFile& file);
// Throws Error, which begins with `name` and the line, for a text that is no such file.
ConvPlanFile parse_conv_plans(std::string_view text, const std::string& name);

// Gives the device the plans of the file that POSTER_CUDNN_PLANS names; before it computes. Returns a line for
// people where the file is for another device or version of cuDNN, and does nothing then; empty otherwise,
// also without the variable and on the CPU. Throws Error for a file that can't be read.
std::string load_conv_plans(Device& device);

// The plans that the device has now, with what it has measured.
void save_conv_plans(Device& device, const std::filesystem::path& path);

}  // namespace poster::io

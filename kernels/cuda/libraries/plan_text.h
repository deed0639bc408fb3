// Problems and their plans as texts, for tables that outlive a process (kernels/conv_plans.h).
#pragma once

#include <string>

#include "kernels/cuda/libraries/cudnn_conv2d.h"

namespace poster::kernels {

// "conv2d_forward 64x56x56x64 out=128 kernel=1 stride=2 padding=0 half bias high align=16"
std::string text_of(const Conv2dProblem& problem);

struct Conv2dChoice {
  Conv2dFusion fusion = Conv2dFusion::none;
  CudnnChoice choice;

  bool operator==(const Conv2dChoice&) const = default;
};

// "bias 62 14=3 27=2": what cuDNN does in one kernel, its engine, its knobs.
std::string text_of(const Conv2dChoice& choice);
// Throws CudaError for another text.
Conv2dChoice conv2d_choice(const std::string& text);

}  // namespace poster::kernels

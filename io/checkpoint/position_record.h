// A position (io/checkpoint/checkpoint.h) with the counters of the optimizer, as a checkpoint keeps them.
#pragma once

#include "io/checkpoint/checkpoint.h"
#include "io/format/setting.h"
#include "kernels/step_state/step_state.h"

namespace poster {

struct PositionRecord {
  Position position = {};
  // Runs from before there was loss scaling have no scale: 0.
  kernels::StepState state = {.loss_scale = 0};

  static const io::SettingTable<PositionRecord>& table();
};

}  // namespace poster

// Weights as training leaves them.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "engine/parameters.h"
#include "tests/support/buffers.h"

namespace poster::test {

// Statistics that are not 0 and 1, scales of either sign, so that a batch norm left out, or folded wrongly,
// shows.
inline void set_weights(Parameters<float>& parameters) {
  parameters.initialise(3);
  const auto& specs = parameters.table().specs();
  for (std::size_t id = 0; id < specs.size(); ++id) {
    const auto drawn = [&](float low, float high) {
      const auto values = random_values<float>(specs[id].count(), id + 1, low, high);
      NamedTensor tensor{specs[id].name, DType::f32, specs[id].shape,
                         std::vector<std::byte>(values.size() * sizeof(float))};
      std::copy(values.begin(), values.end(), tensor.as<float>());
      parameters.import_value(static_cast<ParameterId>(id), tensor.view());
    };
    const std::string& name = specs[id].name;
    if (specs[id].role == Role::dead) continue;
    if (name.ends_with("running_mean")) drawn(-0.3f, 0.3f);
    if (name.ends_with("running_var")) drawn(0.5f, 2.f);
    if (name.ends_with("bn.weight") || name.ends_with("layer.4.weight")) drawn(-1.f, 1.f);
    if (name.ends_with("bn.bias") || name.ends_with("layer.4.bias")) drawn(-0.2f, 0.2f);
    if (name.ends_with("gamma1") || name.ends_with("gamma2")) drawn(0.5f, 1.f);
  }
}

}  // namespace poster::test

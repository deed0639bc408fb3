// Which values can be a network's: files that hold others make wrong results without a word.
#pragma once

#include <string>

#include "engine/parameter_table.h"
#include "engine/tensor_view.h"

namespace poster {

// Throws Error, with the tensor's name, for values that the parameter can't have: NaN and infinite numbers
// (also such as are too large for a float), whole numbers or truth values where floating-point numbers
// belong, negative running variances, counters that are no whole numbers from 0. Of tensors that nothing uses
// nothing is asked.
void check_values(const ParameterSpec& parameter, const TensorView& tensor);

// The same for a moment of the optimizer. `name` is for the message; second moments aren't negative.
void check_moment(const std::string& name, bool second, const TensorView& tensor);

}  // namespace poster

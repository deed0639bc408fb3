#include "model/weight_values.h"

#include <cmath>
#include <limits>

#include "engine/error.h"

namespace poster {
namespace {

struct Count {
  std::int64_t wrong = 0, negative = 0, fractions = 0;
};

Count count(const TensorView& tensor) {
  Count count;
  visit_elements(tensor, [&](const auto& elements) {
    for (std::int64_t i = 0, n = tensor.element_count(); i < n; ++i) {
      const auto value = static_cast<double>(elements[i]);
      // A comparison that NaN fails.
      count.wrong += !(std::fabs(value) <= double{std::numeric_limits<float>::max()});
      count.negative += value < 0;
      count.fractions += value != std::floor(value);
    }
  });
  return count;
}

bool is_floating(DType dtype) {
  return dtype == DType::f64 || dtype == DType::f32 || dtype == DType::f16 || dtype == DType::bf16;
}

std::string share(std::int64_t some, const TensorView& tensor) {
  return std::to_string(some) + " of its " + std::to_string(tensor.element_count()) + " numbers are ";
}

void check_floats(const std::string& name, const TensorView& tensor, bool may_be_negative) {
  if (!is_floating(tensor.dtype))
    throw Error("tensor " + name + " is of type " + std::string(name_of(tensor.dtype)) +
                " where floating-point numbers belong; save the network as floats");
  const Count found = count(tensor);
  if (found.wrong > 0)
    throw Error("tensor " + name + ": " + share(found.wrong, tensor) +
                "NaN, infinite or too large for a float, as after a training that diverged; give an earlier "
                "checkpoint");
  if (!may_be_negative && found.negative > 0)
    throw Error("tensor " + name + ": " + share(found.negative, tensor) +
                "negative, which variances can't be; give another copy of the file");
}

}  // namespace

void check_values(const ParameterSpec& parameter, const TensorView& tensor) {
  switch (parameter.role) {
    case Role::dead:
    case Role::constant:  // compared when it is set
      return;
    case Role::counter: {
      const Count found = count(tensor);
      if (found.wrong + found.negative + found.fractions > 0)
        throw Error("tensor " + parameter.name +
                    " counts batches and is no whole number from 0; give another copy of the file");
      return;
    }
    default:
      check_floats(parameter.name, tensor, !parameter.name.ends_with("running_var"));
  }
}

void check_moment(const std::string& name, bool second, const TensorView& tensor) {
  check_floats(name, tensor, !second);
}

}  // namespace poster

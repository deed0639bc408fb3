#include "model/weight_values.h"

#include <cmath>
#include <limits>

#include "engine/error.h"

namespace poster {
namespace {

struct Count {
  std::int64_t nan = 0, infinite = 0, large = 0, negative = 0, fractions = 0;
  std::int64_t wrong() const { return nan + infinite + large; }
};

Count count(const TensorView& tensor) {
  Count count;
  visit_elements(tensor, [&](const auto& elements) {
    for (std::int64_t i = 0, n = tensor.element_count(); i < n; ++i) {
      const auto value = static_cast<double>(elements[i]);
      count.nan += std::isnan(value);
      count.infinite += std::isinf(value);
      count.large += std::isfinite(value) && std::fabs(value) > double{std::numeric_limits<float>::max()};
      count.negative += value < 0;
      count.fractions += value != std::floor(value);
    }
  });
  return count;
}

// Whether all can be floats: a quick look, which the compiler makes of vector instructions, at what nearly always
// is; whoever fails is counted.
bool all_fit(const TensorView& tensor, bool may_be_negative) {
  return visit_elements(tensor, [&](const auto& elements) {
    using Value = decltype(elements[0]);
    const auto least = static_cast<Value>(may_be_negative ? -std::numeric_limits<float>::max() : 0.0f);
    const auto most = static_cast<Value>(std::numeric_limits<float>::max());
    int out = 0;
    for (std::int64_t i = 0, n = tensor.element_count(); i < n; ++i) {
      const Value value = elements[i];
      out |= static_cast<int>(!(value >= least)) | static_cast<int>(!(value <= most));  // NaN is neither
    }
    return out == 0;
  });
}

bool is_floating(DType dtype) {
  return dtype == DType::f64 || dtype == DType::f32 || dtype == DType::f16 || dtype == DType::bf16;
}

std::string in_places(std::int64_t some, const TensorView& tensor) {
  return " in " + std::to_string(some) + " of its " + std::to_string(tensor.element_count()) + " places";
}

void check_floats(const std::string& name, const TensorView& tensor, bool may_be_negative) {
  if (!is_floating(tensor.dtype))
    throw Error("tensor " + name + " is of type " + std::string(name_of(tensor.dtype)) +
                " where floating-point numbers belong; save the network as floats");
  if (all_fit(tensor, may_be_negative)) return;
  const Count found = count(tensor);
  if (found.wrong() > 0)
    throw Error("tensor " + name +
                (found.nan > 0        ? " is no number (NaN)"
                 : found.infinite > 0 ? " is infinite"
                                      : " is too large for a float") +
                in_places(found.wrong(), tensor) + "; its training has diverged: use another checkpoint");
  if (!may_be_negative && found.negative > 0)
    throw Error("tensor " + name + " is negative" + in_places(found.negative, tensor) +
                ", which variances can't be; give another copy of the file");
}

}  // namespace

void check_values(const ParameterSpec& parameter, const TensorView& tensor) {
  switch (parameter.role) {
    case Role::dead:
    case Role::constant:  // compared when it is set
      return;
    case Role::counter: {
      const Count found = count(tensor);
      if (found.wrong() + found.negative + found.fractions > 0)
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

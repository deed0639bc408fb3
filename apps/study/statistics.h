#pragma once

#include <cstddef>
#include <span>

namespace poster::study {

struct Summary {
  std::size_t count = 0;
  double mean = 0;       // NaN of nothing
  double deviation = 0;  // of the sample, with n - 1; NaN of fewer than two
};
Summary summarise(std::span<const double> values);

}  // namespace poster::study

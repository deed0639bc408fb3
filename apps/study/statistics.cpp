#include "apps/study/statistics.h"

#include <cmath>

namespace poster::study {

Summary summarise(std::span<const double> values) {
  const double n = static_cast<double>(values.size());
  double sum = 0, squares = 0;
  for (const double value : values) sum += value;
  const double mean = values.empty() ? NAN : sum / n;
  for (const double value : values) squares += (value - mean) * (value - mean);
  return {values.size(), mean, values.size() < 2 ? NAN : std::sqrt(squares / (n - 1))};
}

}  // namespace poster::study

// The order in which an epoch visits the samples: indices into a data set, the same for the same seed and
// epoch whatever ran before.
#pragma once

#include <cstdint>
#include <vector>

namespace poster::io {

// 0, 1, … count - 1: for evaluation.
std::vector<std::int64_t> sequential_order(std::int64_t count);

// A uniform permutation (Fisher and Yates).
std::vector<std::int64_t> shuffled_order(std::int64_t count, std::uint64_t seed, std::uint64_t epoch);

// As many draws with replacement as there are samples, each with weight 1 / (samples of its class): every
// class that has samples is equally likely.
std::vector<std::int64_t> balanced_order(const std::vector<std::int32_t>& labels, std::uint64_t seed,
                                         std::uint64_t epoch);

}  // namespace poster::io

// Every tensor in a PyTorch file under the way to it from the root: "optimizer.state.0.exp_avg".
#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "io/torch/torch_file.h"

namespace poster::io {

// In the order of the tree. A tensor that hangs in several places stands under each of them. Containers that
// hold themselves, and what lies deeper than 64 levels, are not followed.
std::vector<std::pair<std::string, std::size_t>> tensor_paths(const TorchFile& file);

}  // namespace poster::io

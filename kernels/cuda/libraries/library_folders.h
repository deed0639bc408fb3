// Where the libraries that CUDA programs load may lie.
#pragma once

#include <string>
#include <vector>

namespace poster::kernels {

// The folders of POSTER_CUDA_LIBRARY_PATH; none where it is not set.
std::vector<std::string> named_library_folders();

// Folders of this machine's CUDA toolkit and of NVIDIA's Python packages, those that there are: of the
// virtual environment or Conda's that is active, of the user, of the system.
std::vector<std::string> usual_library_folders();

}  // namespace poster::kernels

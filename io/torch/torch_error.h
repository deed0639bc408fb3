// Errors within the reader of PyTorch files; not for others. TorchFile puts the file's name in front.
#pragma once

#include <string>

#include "engine/error.h"
#include "io/format/quoted_name.h"

namespace poster::io {

[[noreturn]] inline void damaged(const std::string& why) {
  throw Error("not a valid PyTorch file: " + why + "; download or copy it again");
}

}  // namespace poster::io

// What a network's outputs are called, in one place for all programs.
#pragma once

#include <string>
#include <vector>

#include "io/checkpoint/checkpoint.h"

namespace poster {

// Names by output: the file's own, or `given`, the first for output 0. Where the file has names, others are
// refused unless the user insists (`rename`): a name is then moved to another output, and everything that was
// trained stays where it is. May be shorter than the outputs only where the file's own are. Throws Error that
// begins with `option`: another number than there are outputs, a name that is empty or given twice, other
// names than the file's.
std::vector<std::string> output_names(const Checkpoint& checkpoint, const std::vector<std::string>& given,
                                      bool rename, const std::string& option = "--classes");

// The same where a file's names are known and its number of outputs.
std::vector<std::string> output_names(const std::string& file, const std::vector<std::string>& own,
                                      std::int64_t outputs, const std::vector<std::string>& given,
                                      bool rename, const std::string& option = "--classes");

}  // namespace poster

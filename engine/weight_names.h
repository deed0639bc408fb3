// Names of tensors as people's wrappers leave them in files.
//
//   wrappers  DataParallel and DDP put `module.` before the names, torch.compile `_orig_mod.`, Lightning's
//             strategies `_forward_module.`, FSDP `_fsdp_wrapped_module.`, activation checkpointing
//             `_checkpoint_wrapped_module.`; also within a name, where a part of a network was wrapped
//   prefixes  a class around the network puts its attribute there: `model.`, `net.`, `backbone.`,
//             `ema_model.`, or any other
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/tensor_source.h"

namespace poster {

// The name without the wrappers' parts, wherever they stand.
std::string without_wrappers(std::string_view name);

// What stands before the names of one set of tensors: "", "module.", "module._orig_mod.", "ema.module.".
struct NamePrefix {
  std::string text;
  std::size_t count = 0;  // of the source's names that are wanted ones behind it
};
// All prefixes behind which there are wanted names, the one to be taken first: that of the most; among equals
// one that isn't an average's (EMA), then the shortest. `is_wanted` is asked for names without wrappers.
std::vector<NamePrefix> name_prefixes(const TensorSource& source,
                                      const std::function<bool(const std::string&)>& is_wanted);

// Whether a name says that it is of averaged weights: "ema", "model_ema", "averaged_model", "shadow".
bool is_of_average(std::string_view name);

}  // namespace poster

// Where in a file the parts of a checkpoint lie; for checkpoint.cpp and the programs that write checkpoints.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/named_tensor.h"
#include "engine/parameter_table.h"
#include "engine/tensor_source.h"
#include "io/weights/weights_file.h"

namespace poster {

inline constexpr const char* kCheckpointFormat = "poster-checkpoint 1";
inline constexpr const char* kCheckpointFormatName = "poster-checkpoint ";  // of any number
// The same beside weights alone, where "format" is "pt", as other readers of safetensors want it.
inline constexpr const char* kFormatBesideWeights = "poster.format";
inline constexpr const char* kOptimizerPrefix = "optimizer.";
inline constexpr const char* kMoment1 = "exp_avg.";
inline constexpr const char* kMoment2 = "exp_avg_sq.";

// Our metadata in a file: safetensors' own, or the dict "poster" of a .pth file. Empty when there are none.
// Throws Error for our format with another number (docs/versions.md).
std::map<std::string, std::string> checkpoint_metadata(const io::WeightsFile& file);

// The entries of a source whose names begin with `prefix`, without it; and the others.
std::unique_ptr<TensorSource> entries_below(const TensorSource& source, const std::string& prefix);
std::unique_ptr<TensorSource> entries_beside(const TensorSource& source, const std::string& prefix);

// The entries of a source under other names, one for each; those with "" are left out.
std::unique_ptr<TensorSource> rename_entries(const TensorSource& source,
                                             const std::vector<std::string>& names);

// Copies of a source's tensors, in its order, with `prefix` before their names.
std::vector<NamedTensor> copies_of(const TensorSource& source, const std::string& prefix = "");

// The moments in a .pth file's `optimizer` entry: state[i] belongs to the i-th parameter of the module, in
// the order of Module.parameters(). SGD's momentum_buffer counts as exp_avg.
std::unique_ptr<TensorSource> torch_moments(const io::TorchFile& file, const ParameterTable& table);

// The parameters of a module in the order of Module.parameters(): the state dict's without its buffers.
std::vector<ParameterId> module_parameters(const ParameterTable& table);

// Steps that Adam has done, from the same entry; nothing when it doesn't say.
std::optional<std::int64_t> torch_optimizer_steps(const io::TorchFile& file);

// The one number of a scalar in a .pth file: a Python number or a tensor of one element.
std::optional<double> torch_number(const io::TorchFile& file, const char* key);

}  // namespace poster

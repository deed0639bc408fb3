// Checkpoints as the reference's .pth files, which its own code resumes from: a dict of
//
//   epoch       number of the next epoch
//   state_dict  every tensor; the names with `module.` in front where that is asked for (DataParallel)
//   best_acc    tensor of one float, percent
//   optimizer   {"state": {i: {"step", "exp_avg", "exp_avg_sq"}}, "param_groups": [{…, "params": [0, 1, …]}]};
//               of SGD {i: {"momentum_buffer"}}
//   poster      our metadata (io/checkpoint/checkpoint.h), where there are any: texts by text
//
// Parameters are numbered as Module.parameters() gives them. torch.load(path, weights_only=True) takes it
// all.
#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "io/checkpoint/checkpoint.h"

namespace poster {

struct TorchCheckpointOptions {
  bool module_prefix = false;
  // Also `recorder` and `recorder1`, which the reference's --resume asks for: objects of its classes
  // __main__.RecorderMeter and RecorderMeter1, without the curves of the epochs before. torch.load then needs
  // weights_only=False.
  bool recorders = false;
  bool half = false;  // weights in 16 bits, without the optimizer's moments
};

void save_torch_checkpoint(const std::filesystem::path& path, TrainerBase& trainer, const Settings& settings,
                           const Position& position, const TorchCheckpointOptions& options = {});

// The same from a checkpoint in a file.
void write_torch_checkpoint(const std::filesystem::path& path, const Checkpoint& checkpoint,
                            const TorchCheckpointOptions& options = {});

// A state dict alone, as torch.save(module.state_dict(), path).
void write_torch_state_dict(const std::filesystem::path& path, const TensorSource& weights);

}  // namespace poster

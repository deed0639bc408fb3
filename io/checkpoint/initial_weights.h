// The weights that a new run begins with: random ones, pretrained backbones, or a whole network.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "io/checkpoint/checkpoint.h"
#include "model/trainer_base.h"
#include "model/weights.h"

namespace poster {

struct InitialWeightsOptions {
  std::string pretrained_dir = "";        // --pretrained-dir: a folder with the files of both backbones
  std::string ir50 = "", landmarks = "";  // --ir50, --landmarks: files
  std::string network = "";               // --weights: a whole network
  bool new_head = false;                  // --new-head: not its last layer
  bool allow_partial = false;             // --allow-partial: what is missing or doesn't fit stays random
  bool ignore_unsafe = false;             // --ignore-unsafe: see io/torch/torch_file.h
};

// The backbones' files in a folder, or in its subfolder pretrain/: ir50.pth and
// mobilefacenet_model_best.pth.tar as the reference calls them, else the one file of weights whose name holds
// "ir50" ("ir_50", "ir-50"), and "mobilefacenet". Throws Error that shows what was looked for and what was
// found when there is none, or more than one.
struct BackboneFiles {
  std::filesystem::path ir50, landmarks;
};
BackboneFiles find_backbones(const std::filesystem::path& folder);

class InitialWeights {
 public:
  // Opens what the options name; throws Error for options that contradict each other.
  explicit InitialWeights(const InitialWeightsOptions& options);

  // The whole network, or null.
  const Checkpoint* network() const { return network_.get(); }

  // How many outputs the network to be trained has: one for each class, or as many as a whole network that
  // was trained with more. Throws Error when it has fewer, and no new head is asked for.
  std::int64_t outputs(std::int64_t classes) const;

  // Whether everything that the options name fits a network of that model, for that many classes: throws
  // Error as apply() would for names and shapes. Reads no values.
  void check(const std::string& model, std::int64_t classes) const;

  // Draws what is random and sets the rest. Returns a line for each file: "ir50: 304/304 tensors from
  // pretrain/ir50.pth". Throws Error that lists what doesn't fit.
  std::vector<std::string> apply(TrainerBase& trainer, const std::string& model, std::uint64_t seed);

  // What was set, for the record of the run: "ir50 304/304 ir50.pth xxh64:0123456789abcdef".
  const std::vector<std::string>& record() const { return record_; }
  // Whether more than half of a backbone's tensors were set: else it counts as random.
  bool have_ir50() const { return have_ir50_; }
  bool have_landmarks() const { return have_landmarks_; }

 private:
  std::string head_left_out(const std::string& model) const;
  WeightsMatch match(const ParameterTable& table, const io::WeightsFile& file, WeightsPart part) const;
  std::string apply_backbone(TrainerBase& trainer, const std::filesystem::path& file, bool ir50,
                             std::vector<ParameterId>& loaded);
  void note(const std::string& part, const std::string& summary, const std::filesystem::path& file);

  InitialWeightsOptions options_;
  BackboneFiles files_;
  std::unique_ptr<Checkpoint> network_;
  std::vector<std::string> record_;
  bool have_ir50_ = false, have_landmarks_ = false;
};

}  // namespace poster

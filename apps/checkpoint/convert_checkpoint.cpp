#include "apps/checkpoint/convert_checkpoint.h"

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

#include "apps/checkpoint/checkpoint.h"
#include "apps/checkpoint/checkpoint_sources.h"
#include "apps/checkpoint/half_weights.h"
#include "apps/checkpoint/torch_checkpoint.h"
#include "engine/error.h"
#include "model/network.h"
#include "model/weights.h"

namespace poster {
namespace {

namespace fs = std::filesystem;
using json = nlohmann::ordered_json;

void write_safetensors(const fs::path& path, const std::map<std::string, std::string>& metadata,
                       const std::vector<NamedTensor>& tensors) {
  std::vector<io::TensorToWrite> views;
  for (const NamedTensor& t : tensors) views.push_back({t.name, t.dtype, t.shape, t.data.data()});
  io::write_safetensors(path, metadata, views);
}

// Wide types first: so each tensor of a file is aligned.
void sort_by_width(std::vector<NamedTensor>& tensors) {
  std::stable_sort(tensors.begin(), tensors.end(), [](const NamedTensor& a, const NamedTensor& b) {
    return size_of(a.dtype) > size_of(b.dtype);
  });
}

// Metadata for a network from elsewhere: what it is, and settings that a run from it begins with.
std::map<std::string, std::string> metadata_for(const Checkpoint& checkpoint,
                                                const std::vector<std::string>& classes) {
  Settings settings;
  settings.model = checkpoint.model();
  settings.recipe = io::recipe_by_name(model_info(checkpoint.model()).recipe);
  settings.classes = classes;
  kernels::StepState state;
  state.updates = checkpoint.optimizer_steps();
  return {{"format", kCheckpointFormat},
          {"model", checkpoint.model()},
          {"outputs", std::to_string(checkpoint.outputs())},
          {"settings", to_json(settings).dump()},
          {"position", position_json(checkpoint.position(), state)}};
}

void write_ours(const fs::path& path, const Checkpoint& checkpoint, const ConvertOptions& options) {
  if (!options.classes.empty() && checkpoint.settings() && checkpoint.settings()->classes != options.classes)
    throw Error("--classes: " + checkpoint.path().string() +
                " names its classes already; leave --classes out");
  if (std::ssize(options.classes) > checkpoint.outputs())
    throw Error("--classes: names " + std::to_string(options.classes.size()) + " classes for the " +
                std::to_string(checkpoint.outputs()) + " outputs of " + checkpoint.path().string());
  std::vector<NamedTensor> tensors =
      options.half ? copies_of(HalfWeights(checkpoint.weights())) : copies_of(checkpoint.weights());
  if (!options.half) {  // in the order of save_checkpoint: equal states are equal files
    std::vector<NamedTensor> moments = copies_of(checkpoint.moments(), kOptimizerPrefix);
    std::stable_partition(moments.begin(), moments.end(), [](const NamedTensor& moment) {
      return moment.name.starts_with(std::string(kOptimizerPrefix) + kMoment1);
    });
    std::move(moments.begin(), moments.end(), std::back_inserter(tensors));
  }
  write_safetensors(
      path, checkpoint.metadata().empty() ? metadata_for(checkpoint, options.classes) : checkpoint.metadata(),
      tensors);
}

// What of a file is no weights, for people.
std::string beside_the_weights(const io::WeightsFile& file) {
  std::vector<std::string> names = file.no_tensors();
  if (file.torch() && !file.location().empty()) {
    const io::PickleValue& root = file.torch()->root();
    const std::string top = file.location().substr(0, file.location().find('.'));
    for (std::size_t i = 0; i < root.entry_count(); ++i)
      if (const io::PickleValue key = root.key(i); key.is(io::PickleKind::text) && key.as_text() != top)
        names.emplace_back(key.as_text());
  } else if (file.safetensors()) {
    const auto& entries = file.entries();
    if (std::any_of(entries.begin(), entries.end(),
                    [](const auto& entry) { return entry.name.starts_with(kOptimizerPrefix); }))
      names.emplace_back("the optimizer's state");
  }
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

}  // namespace

TargetFormat target_by_extension(const fs::path& path) {
  const std::string extension = path.extension().string();
  if (extension == ".safetensors") return TargetFormat::safetensors;
  for (const char* torch : {".pth", ".pt", ".tar", ".ckpt"})
    if (extension == torch) return TargetFormat::pth;
  throw Error(path.string() + ": ends neither in .pth nor in .safetensors; say what to write with --to");
}

std::string convert_checkpoint(const fs::path& from, const fs::path& to, const ConvertOptions& options) {
  std::error_code ignored;
  if (fs::equivalent(from, to, ignored))
    throw Error(to.string() + ": is the file that is read; give another name");
  if (fs::exists(to) && !options.force)
    throw Error(to.string() + ": exists already; give another name, or --force to replace it");
  const io::TorchOptions torch{.ignore_unsafe = options.ignore_unsafe};
  auto file = std::make_unique<io::WeightsFile>(from, torch);
  const bool whole = !checkpoint_metadata(*file).empty() || detect_model(*file);
  if (options.target == TargetFormat::poster && !whole)
    throw Error(from.string() +
                ": does not hold a whole network, which a checkpoint is; convert it to "
                ".pth or .safetensors");
  std::string left_out, remarks;
  std::size_t tensors = file->entries().size();
  if (!whole || options.target == TargetFormat::safetensors) {
    const auto weights = select_entries(*file, kOptimizerPrefix, /*inverted=*/true);
    const HalfWeights halves(*weights);
    const TensorSource& source = options.half ? static_cast<const TensorSource&>(halves) : *weights;
    tensors = source.entries().size();
    if (options.target == TargetFormat::safetensors) {
      std::vector<NamedTensor> copies = copies_of(source);
      sort_by_width(copies);
      write_safetensors(to, {{"format", "pt"}}, copies);
    } else {
      write_torch_state_dict(to, source);
    }
    left_out = beside_the_weights(*file);
  } else {
    file.reset();
    const Checkpoint checkpoint(from, torch);
    tensors = checkpoint.weights().entries().size();
    if (options.target == TargetFormat::poster) {
      write_ours(to, checkpoint, options);
    } else {
      write_torch_checkpoint(
          to, checkpoint,
          {.module_prefix = options.module_prefix, .recorders = options.recorders, .half = options.half});
    }
    if (options.half && !checkpoint.moments().entries().empty()) left_out = "the optimizer's state";
    remarks = checkpoint.remarks();
  }
  return "Written: " + to.string() + ", " + std::to_string(tensors) + " tensors" +
         (remarks.empty() ? "" : " (" + remarks + ")") + (left_out.empty() ? "" : "; left out: " + left_out);
}

}  // namespace poster

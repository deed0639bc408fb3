#include "apps/checkpoint/convert_checkpoint.h"

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>

#include "engine/error.h"
#include "io/checkpoint/checkpoint.h"
#include "io/checkpoint/checkpoint_sources.h"
#include "io/checkpoint/class_names.h"
#include "io/checkpoint/half_weights.h"
#include "io/checkpoint/torch_checkpoint.h"
#include "io/format/join.h"
#include "io/format/json.h"
#include "io/format/printable.h"
#include "model/network.h"
#include "model/weights.h"

namespace poster {
namespace {

namespace fs = std::filesystem;
using json = nlohmann::ordered_json;

void write_safetensors(const fs::path& path, const std::map<std::string, std::string>& metadata,
                       const std::vector<NamedTensor>& tensors) {
  std::vector<io::TensorToWrite> views;
  views.reserve(tensors.size());
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

// The checkpoint's own metadata, or what a file from elsewhere gets, with the class names that are asked for.
std::map<std::string, std::string> metadata_with_classes(const Checkpoint& checkpoint,
                                                         const ConvertOptions& options) {
  const std::vector<std::string> names = output_names(checkpoint, options.classes, options.rename_classes);
  if (checkpoint.metadata().empty()) return metadata_for(checkpoint, names);
  std::map<std::string, std::string> metadata = checkpoint.metadata();
  if (options.classes.empty()) return metadata;
  json settings = io::parse_json<json>(metadata.at("settings"), checkpoint.path().string());
  settings["classes"] = names;
  metadata["settings"] = settings.dump();
  return metadata;
}

void write_ours(const fs::path& path, const Checkpoint& checkpoint, const ConvertOptions& options) {
  std::vector<NamedTensor> tensors =
      options.half ? copies_of(HalfWeights(checkpoint.weights())) : copies_of(checkpoint.weights());
  if (!options.half) {  // in the order of save_checkpoint: equal states are equal files
    std::vector<NamedTensor> moments = copies_of(checkpoint.moments(), kOptimizerPrefix);
    std::stable_partition(moments.begin(), moments.end(), [](const NamedTensor& moment) {
      return moment.name.starts_with(std::string(kOptimizerPrefix) + kMoment1);
    });
    std::move(moments.begin(), moments.end(), std::back_inserter(tensors));
  }
  write_safetensors(path, metadata_with_classes(checkpoint, options), tensors);
}

const std::map<std::string, std::string> kBareMetadata = {{"format", "pt"}};

// Of a file of weights alone: others' readers ask for "format", ours for what prediction needs.
std::map<std::string, std::string> metadata_beside_weights(const io::WeightsFile& file) {
  std::map<std::string, std::string> metadata = checkpoint_metadata(file);
  if (!metadata.empty())
    metadata[kFormatBesideWeights] = metadata.at("format");
  else if (file.safetensors())
    metadata = file.safetensors()->metadata();
  metadata.erase("checksum");  // it is made anew
  if (metadata.contains(kFormatBesideWeights) || !metadata.contains("format")) metadata["format"] = "pt";
  return metadata;
}

// What a file holds and the one that is written doesn't, in people's words.
class LeftOut {
 public:
  LeftOut(const io::WeightsFile& file, const ConvertOptions& options) : file_(file), options_(options) {}

  // `checkpoint`: null where weights alone are written.
  std::string text(const Checkpoint* checkpoint) {
    for (const std::string& name : file_.no_tensors()) add(name);
    if (options_.bare && !checkpoint_metadata(file_).empty()) add("class names, view and all other settings");
    if (file_.torch())
      add_root(file_.torch()->root(), checkpoint);
    else
      add_safetensors(checkpoint);
    return text_;
  }

 private:
  void add(const std::string& what) { io::add_part(text_, io::printable(what)); }

  bool keeps_optimizer(const Checkpoint* checkpoint) const {
    return checkpoint && !options_.half && !checkpoint->moments().entries().empty();
  }

  bool is_kept(const std::string& key, const io::PickleValue& root, const Checkpoint* checkpoint) const {
    const std::string weights = file_.location().substr(0, file_.location().find('.'));
    if (key == weights) return true;
    if (key == "poster") return !checkpoint_metadata(file_).empty();  // said by itself where it is left out
    if (!checkpoint) return false;
    if (key == "epoch" || key == "best_acc") return true;
    if (key == "iter") return root.find("epoch") == nullptr;
    return (key == "optimizer" || key == "optimizer_state_dict") && keeps_optimizer(checkpoint);
  }

  void add_root(const io::PickleValue& root, const Checkpoint* checkpoint) {
    if (file_.location().empty()) return;  // the root is the weights
    for (std::size_t i = 0; i < root.entry_count(); ++i)
      if (const io::PickleValue key = root.key(i);
          key.is(io::PickleKind::text) && !is_kept(std::string(key.as_text()), root, checkpoint))
        add(std::string(key.as_text()));
    // Ours has its settings in "poster".
    if (keeps_optimizer(checkpoint) && checkpoint->metadata().empty())
      add("the optimizer's param_groups (those of the recipe stand in their place)");
  }

  void add_safetensors(const Checkpoint* checkpoint) {
    const auto& entries = file_.entries();
    if (!keeps_optimizer(checkpoint) && std::any_of(entries.begin(), entries.end(), [](const auto& entry) {
          return entry.name.starts_with(kOptimizerPrefix);
        }))
      add("the optimizer's state");
    // Ours travels as it is; others' has no place but in safetensors.
    const bool safetensors = options_.target == TargetFormat::safetensors && !options_.bare;
    if (safetensors || !checkpoint_metadata(file_).empty()) return;
    for (const auto& [key, value] : file_.safetensors()->metadata())
      if (key != "checksum" && !(key == "format" && value == "pt")) add("metadata \"" + key + "\"");
  }

  const io::WeightsFile& file_;
  const ConvertOptions& options_;
  std::string text_;
};

void check_options(const fs::path& from, const ConvertOptions& options, bool whole) {
  const auto without_effect = [&](bool given, const char* flag, const char* needs) {
    if (given) throw Error(std::string(flag) + ": has an effect on " + needs + " alone; leave it out");
  };
  without_effect(options.bare && options.target == TargetFormat::poster, "--bare", "pth and safetensors");
  const bool pth = whole && !options.bare && options.target == TargetFormat::pth;
  without_effect(options.module_prefix && !pth, "--module", "a whole network that becomes a .pth file");
  without_effect(options.recorders && !pth, "--recorder", "a whole network that becomes a .pth file");
  without_effect(!options.classes.empty() && options.target != TargetFormat::poster, "--classes",
                 "--to poster");
  without_effect(options.rename_classes && options.classes.empty(), "--rename-classes", "--classes");
  if (options.target == TargetFormat::poster && !whole)
    throw Error(from.string() +
                ": does not hold a whole network, which a checkpoint is; convert it to .pth or .safetensors");
}

// Tensors that nothing uses, counters, and tables that follow from their shapes: readers don't miss them.
std::set<std::string> names_without_effect(const Checkpoint& checkpoint) {
  ParameterTable table;
  make_network<float>(checkpoint.model(), checkpoint.outputs(), table);
  std::set<std::string> names;
  for (const ParameterSpec& spec : table.specs())
    if (spec.role == Role::dead || spec.role == Role::counter || spec.role == Role::constant)
      names.insert(spec.name);
  return names;
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
  check_options(from, options, whole);
  LeftOut left_out(*file, options);
  std::string said, assumed, remarks = file->remarks();
  std::size_t tensors = 0;
  if (!whole || options.bare || options.target == TargetFormat::safetensors) {
    const auto weights = entries_beside(*file, kOptimizerPrefix);
    const HalfWeights halves(*weights);
    const TensorSource& source = options.half ? static_cast<const TensorSource&>(halves) : *weights;
    tensors = source.entries().size();
    if (options.target == TargetFormat::safetensors) {
      std::vector<NamedTensor> copies = copies_of(source);
      if (options.lean) {
        const std::set<std::string> unneeded = names_without_effect(Checkpoint(from, torch));
        std::erase_if(copies, [&](const NamedTensor& tensor) { return unneeded.contains(tensor.name); });
        tensors = copies.size();
      }
      sort_by_width(copies);
      std::map<std::string, std::string> metadata =
          options.bare ? kBareMetadata : metadata_beside_weights(*file);
      if (!options.license.empty()) metadata[kLicenseKey] = options.license;
      write_safetensors(to, metadata, copies);
    } else {
      write_torch_state_dict(to, source);
    }
    said = left_out.text(nullptr);
  } else {
    const Checkpoint checkpoint(from, torch);
    tensors = checkpoint.weights().entries().size();
    if (options.target == TargetFormat::poster) {
      write_ours(to, checkpoint, options);
    } else {
      write_torch_checkpoint(
          to, checkpoint,
          {.module_prefix = options.module_prefix, .recorders = options.recorders, .half = options.half});
    }
    remarks = checkpoint.remarks();
    said = left_out.text(&checkpoint);
    if (options.target == TargetFormat::poster && checkpoint.metadata().empty())
      assumed = "; " + from.string() +
                " doesn't say how images were shown: whole faces are assumed, resized as in " +
                "the recipe of " + checkpoint.model();
  }
  return "Written: " + to.string() + ", " + std::to_string(tensors) + " tensors" +
         (remarks.empty() ? "" : " (" + remarks + ")") + (options.half ? ", floats in 16 bits" : "") +
         (said.empty() ? "" : "; left out: " + said) + assumed;
}

std::string export_checkpoint(const fs::path& from, const fs::path& to, ConvertOptions options) {
  if (to.extension() != ".safetensors")
    throw Error(to.string() + ": exported networks are safetensors; end the name in .safetensors");
  {
    const Checkpoint checkpoint(from, {.ignore_unsafe = options.ignore_unsafe});
    if (!checkpoint.settings() || checkpoint.settings()->classes.empty())
      throw Error(from.string() + ": names no classes, which prediction needs; give them first with " +
                  "poster_checkpoint convert --to poster --classes A,B,…");
  }
  options.target = TargetFormat::safetensors;
  options.lean = true;
  const std::string said = convert_checkpoint(from, to, options);
  return said + "\nSize: " + std::to_string((fs::file_size(to) + 500'000) / 1'000'000) + " MB, of " +
         std::to_string((fs::file_size(from) + 500'000) / 1'000'000) + " MB before" +
         (options.license.empty() ? "; it states no license (--license)" : "; license: " + options.license);
}

}  // namespace poster

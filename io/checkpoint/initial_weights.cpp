#include "io/checkpoint/initial_weights.h"

#include <algorithm>
#include <cctype>
#include <cstdio>

#include "engine/error.h"
#include "io/format/checksum.h"
#include "io/format/folder_names.h"
#include "io/format/join.h"
#include "io/format/mapped_file.h"
#include "model/network.h"
#include "model/weights.h"

namespace poster {
namespace {

namespace fs = std::filesystem;

constexpr const char* kExtensions[] = {".pth", ".pt", ".tar", ".ckpt", ".safetensors"};

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

std::vector<fs::path> weight_files(const fs::path& folder) {
  std::vector<fs::path> files;
  std::error_code ignored;
  for (const fs::path& where : {folder, folder / "pretrain"})
    for (const std::string& name : io::names_in_if_there(where))
      if (std::count(std::begin(kExtensions), std::end(kExtensions),
                     lower(fs::path(name).extension().string())) &&
          fs::is_regular_file(where / name, ignored))
        files.push_back(where / name);
  std::sort(files.begin(), files.end());
  return files;
}

std::string names_of(const std::vector<fs::path>& files) {
  constexpr std::size_t kMax = 10;
  const std::string text = io::join(io::first_of(files, kMax), ", ",
                                    [](const fs::path& file) { return file.filename().string(); });
  return files.empty() ? "no file of weights" : text + (files.size() > kMax ? ", …" : "");
}

fs::path find_one(const fs::path& folder, const std::vector<fs::path>& files, const std::string& usual,
                  const std::vector<std::string>& parts, const char* option) {
  std::vector<fs::path> found;
  for (const fs::path& file : files) {
    const std::string name = lower(file.filename().string());
    if (name == usual) return file;
    if (std::any_of(parts.begin(), parts.end(),
                    [&](const std::string& part) { return name.find(part) != std::string::npos; }))
      found.push_back(file);
  }
  if (found.size() == 1) return found[0];
  if (found.empty())
    throw Error(folder.string() + ": holds no " + usual + " (or another file of weights with \"" + parts[0] +
                "\" in its name), but " + names_of(files) + "; name the file with " + option);
  throw Error(folder.string() + ": " + names_of(found) + " could each be " + usual + "; name one with " +
              option);
}

std::string hash_of(const fs::path& file) {
  const io::MappedFile mapped(file);
  char text[24];
  std::snprintf(text, sizeof text, "xxh64:%016llx",
                static_cast<unsigned long long>(io::xxh64(mapped.bytes().data(), mapped.bytes().size())));
  mapped.check();
  return text;
}

}  // namespace

BackboneFiles find_backbones(const fs::path& folder) {
  if (!fs::is_directory(folder))
    throw Error(folder.string() + ": is no folder; --pretrained-dir takes the folder with ir50.pth and " +
                "mobilefacenet_model_best.pth.tar");
  const std::vector<fs::path> files = weight_files(folder);
  return {.ir50 = find_one(folder, files, "ir50.pth", {"ir50", "ir_50", "ir-50"}, "--ir50"),
          .landmarks = find_one(folder, files, "mobilefacenet_model_best.pth.tar",
                                {"mobilefacenet", "mobile_face_net"}, "--landmarks")};
}

InitialWeights::InitialWeights(const InitialWeightsOptions& options) : options_(options) {
  const bool backbones =
      !options.pretrained_dir.empty() || !options.ir50.empty() || !options.landmarks.empty();
  if (!options.network.empty() && backbones)
    throw Error(
        "--weights: a whole network brings its backbones; leave --pretrained-dir, --ir50 and --landmarks out");
  if (options.new_head && options.network.empty())
    throw Error("--new-head: goes with --weights FILE, whose last layer it leaves out");
  if (!options.pretrained_dir.empty() && (options.ir50.empty() || options.landmarks.empty()))
    files_ = find_backbones(options.pretrained_dir);
  if (!options.ir50.empty()) files_.ir50 = options.ir50;
  if (!options.landmarks.empty()) files_.landmarks = options.landmarks;
  if (!options.network.empty())
    network_ = std::make_unique<Checkpoint>(options.network,
                                            io::TorchOptions{.ignore_unsafe = options.ignore_unsafe});
}

std::int64_t InitialWeights::outputs(std::int64_t classes) const {
  if (!network_ || options_.new_head) return classes;
  if (network_->outputs() >= classes) return network_->outputs();
  throw Error(network_->path().string() + ": has " + std::to_string(network_->outputs()) +
              " outputs, the data have " + std::to_string(classes) +
              " classes; give --new-head to train a last layer for them");
}

std::vector<std::string> InitialWeights::apply(TrainerBase& trainer, const std::string& model,
                                               std::uint64_t seed) {
  std::vector<std::string> lines;
  std::vector<ParameterId> loaded;  // the others are drawn
  if (network_) {
    const std::string summary =
        network_->load_weights(trainer.parameters(), options_.allow_partial, head_left_out(model), &loaded);
    lines.push_back("network: " + summary + " from " + network_->path().string() +
                    (options_.new_head ? ", with a new head" : ""));
    // The record stays as short as it was: names of what doesn't fit are said, not kept.
    note("network", summary.substr(0, summary.find(" (")), network_->path());
    have_ir50_ = have_landmarks_ = true;
  }
  if (!files_.ir50.empty()) lines.push_back(apply_backbone(trainer, files_.ir50, true, loaded));
  if (!files_.landmarks.empty()) lines.push_back(apply_backbone(trainer, files_.landmarks, false, loaded));
  trainer.parameters().initialise(seed, loaded);
  return lines;
}

void InitialWeights::check(const std::string& model, std::int64_t classes) const {
  ParameterTable table;
  make_network<float>(model, outputs(classes), table);
  if (network_) network_->check_weights(table, options_.allow_partial, head_left_out(model));
  for (const auto& [path, part] :
       {std::pair(files_.ir50, WeightsPart::ir50), std::pair(files_.landmarks, WeightsPart::landmarks)})
    if (!path.empty()) match(table, io::WeightsFile(path, {.ignore_unsafe = options_.ignore_unsafe}), part);
}

std::string InitialWeights::head_left_out(const std::string& model) const {
  return options_.new_head ? model_info(model).head + "." : "";
}

WeightsMatch InitialWeights::match(const ParameterTable& table, const io::WeightsFile& file,
                                   WeightsPart part) const {
  WeightsMatch match = match_weights(table, file, part);
  if (match.matched() == 0)
    throw Error(file.description() + ": none of its " + std::to_string(file.entries().size()) +
                " tensors is one of the " + std::to_string(match.expected) + " of " + name_of(part) +
                " (its first is " + (file.entries().empty() ? "none" : file.entries()[0].name) +
                "); give the right file");
  if (!match.complete() && !options_.allow_partial)
    throw Error(file.description() + ": only " + match.summary() + " of " + name_of(part) + " fit: " +
                match.shortcomings() + "; give the right file, or load what fits with --allow-partial");
  return match;
}

std::string InitialWeights::apply_backbone(TrainerBase& trainer, const fs::path& path, bool ir50,
                                           std::vector<ParameterId>& loaded) {
  const WeightsPart part = ir50 ? WeightsPart::ir50 : WeightsPart::landmarks;
  const io::WeightsFile file(path, {.ignore_unsafe = options_.ignore_unsafe});
  const WeightsMatch match = this->match(trainer.parameters().table(), file, part);
  load_matched(trainer.parameters(), file, match);
  for (const WeightsMatch::Pair& pair : match.pairs) loaded.push_back(pair.parameter);
  (ir50 ? have_ir50_ : have_landmarks_) = 2 * match.matched() > match.expected;
  note(name_of(part), match.summary(), path);
  std::string line = name_of(part) + ": " + match.summary() + " from " + path.string();
  if (!match.unused.empty())
    line += ", whose " + std::to_string(match.unused.size()) +
            " tensors of a fourth stage have no place in this network";
  for (const std::string& remark : {file.remarks(), match.remarks()})
    if (!remark.empty()) line += "; " + remark;
  if (!match.complete()) line += "; the rest stays random: " + match.shortcomings();
  return line;
}

void InitialWeights::note(const std::string& part, const std::string& summary, const fs::path& file) {
  record_.push_back(part + " " + summary + " " + file.filename().string() + " " + hash_of(file));
}

}  // namespace poster

#include "apps/checkpoint/inspect_checkpoint.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "engine/error.h"
#include "io/checkpoint/checkpoint.h"
#include "io/checkpoint/checkpoint_sources.h"
#include "io/format/join.h"
#include "io/torch/tensor_paths.h"
#include "model/weights.h"

namespace poster {
namespace {

using json = nlohmann::ordered_json;

std::string join(const std::vector<std::string>& words, std::size_t most = 8) {
  return io::join(io::first_of(words, most)) + (words.size() > most ? ", …" : "");
}

void describe_network(const Checkpoint& checkpoint, FileSummary& summary) {
  summary.model = checkpoint.model();
  summary.outputs = checkpoint.outputs();
  if (const Settings* settings = checkpoint.settings()) {
    summary.classes = settings->classes;
    summary.view = describe(settings->view);
    summary.resize = settings->recipe.resize == io::ResizeMode::stretch ? "stretch" : "keep-ratio";
    summary.preparation = io::describe(settings->preparation);
  }
  if (const auto detected = detect_model(checkpoint.weights())) {
    const std::string wrong = detected->match.shortcomings(), more = detected->match.remarks();
    summary.fit =
        detected->match.summary() + (wrong.empty() ? "" : ": " + wrong) + (more.empty() ? "" : "; " + more);
  }
  if (!checkpoint.remarks().empty()) summary.notes.push_back("weights: " + checkpoint.remarks());
  summary.epoch = checkpoint.position().epoch;
  summary.best_accuracy = checkpoint.position().best_accuracy;
  summary.moments = checkpoint.moments().entries().size();
}

void note_names(const io::TorchFile& file, FileSummary& summary) {
  const auto note = [&](const char* what, const std::vector<std::string>& names) {
    if (!names.empty()) summary.notes.push_back(what + join(names));
  };
  note("UNSAFE: wants to call ", file.unsafe_names());
  note("objects kept as data: ", file.unknown_names());
  note("tensors of kinds that can't be read: ", file.unsupported_tensors());
}

// Networks with such weights are refused wherever results would come from them.
void note_wrong_numbers(FileSummary& summary) {
  std::vector<std::string> names;
  for (const TensorSummary& tensor : summary.tensors)
    if (tensor.nan + tensor.infinite > 0) names.push_back(tensor.name);
  if (!names.empty()) summary.notes.push_back("NaN or infinite numbers in: " + join(names));
}

std::string number(double value, const char* format = "%.6g") {
  char text[40];
  std::snprintf(text, sizeof text, format, value);
  return text;
}

}  // namespace

TensorSummary summarise(const std::string& name, const TensorView& view) {
  TensorSummary summary{name, view.dtype, view.shape};
  double squares = 0;
  visit_elements(view, [&](const auto& elements) {
    for (std::int64_t i = 0, n = view.element_count(); i < n; ++i) {
      const auto value = static_cast<double>(elements[i]);
      if (std::isnan(value)) {
        ++summary.nan;
      } else if (std::isinf(value)) {
        ++summary.infinite;
      } else {
        squares += value * value;
      }
    }
  });
  summary.norm = std::sqrt(squares);
  return summary;
}

FileSummary inspect_checkpoint(const std::filesystem::path& path) {
  const io::TorchOptions options{.ignore_unsafe = true};
  FileSummary summary;
  summary.path = path.string();
  std::unique_ptr<io::WeightsFile> file;
  try {
    file = std::make_unique<io::WeightsFile>(path, options);
  } catch (const Error& e) {
    if (!io::is_torch_file(path)) throw;
    // A file without weights: what tensors it has, wherever they hang.
    const io::TorchFile torch(path, options);
    summary.format = torch.format() == io::TorchFormat::zip ? "PyTorch zip" : "PyTorch legacy";
    summary.notes.push_back(e.what());
    note_names(torch, summary);
    for (const auto& [name, tensor] : io::tensor_paths(torch)) {
      summary.tensors.push_back(summarise(name, torch.read(tensor).view()));
      torch.check_unchanged();
      torch.release(tensor);
    }
    note_wrong_numbers(summary);
    return summary;
  }
  summary.format = file->format();
  if (!file->location().empty()) summary.format += ", weights under \"" + file->location() + "\"";
  if (file->torch()) note_names(*file->torch(), summary);
  if (!file->no_tensors().empty()) summary.notes.push_back("no tensors: " + join(file->no_tensors()));
  for (std::size_t i = 0; i < file->entries().size(); ++i)
    file->read(i, [&](const TensorView& view) {
      summary.tensors.push_back(summarise(file->entries()[i].name, view));
    });
  note_wrong_numbers(summary);
  if (file->safetensors()) {
    const auto& metadata = file->safetensors()->metadata();
    if (const auto license = metadata.find(kLicenseKey); license != metadata.end())
      summary.license = license->second;
  }
  const bool ours = !checkpoint_metadata(*file).empty();
  if (ours) summary.format = "checkpoint of poster_train, " + summary.format;
  if (ours || detect_model(*file)) {
    describe_network(Checkpoint(path, options), summary);
  } else if (!file->remarks().empty()) {
    summary.notes.push_back("weights: " + file->remarks());
  }
  return summary;
}

std::string text_of(const FileSummary& s) {
  std::string text = s.path + "\n";
  const auto line = [&](const char* what, const std::string& value) {
    char head[32];
    std::snprintf(head, sizeof head, "  %-14s ", what);
    text += head + value + "\n";
  };
  line("format", s.format);
  if (!s.license.empty()) line("license", io::printable(s.license));
  if (s.model.empty()) {
    line("model", "no whole network");
  } else {
    line("model", s.model + (s.fit.empty() ? "" : ", " + s.fit));
    line("outputs", std::to_string(s.outputs));
    line("classes", s.classes.empty() ? "the file names none" : join(s.classes, 1000));
    line("view", s.view);
    line("resize", s.resize);
    line("preparation", s.preparation);
    line("epoch", std::to_string(s.epoch));
    line("best accuracy", s.best_accuracy < 0 ? "none yet" : number(s.best_accuracy, "%.3f") + " %");
    line("optimizer", s.moments == 0 ? "no state" : std::to_string(s.moments) + " tensors");
  }
  for (const std::string& note : s.notes) line("note", note);
  std::size_t widest = 4;
  for (const TensorSummary& t : s.tensors) widest = std::max(widest, t.name.size());
  std::int64_t elements = 0, nan = 0, infinite = 0;
  text += "\n" + std::string("name") + std::string(widest - 4, ' ') +
          "  type  shape                          norm  NaN  infinite\n";
  for (const TensorSummary& t : s.tensors) {
    char row[160];
    std::snprintf(row, sizeof row, "  %-4s  %-20s  %12s  %3lld  %8lld\n",
                  std::string(name_of(t.dtype)).c_str(), describe(t.shape).c_str(), number(t.norm).c_str(),
                  static_cast<long long>(t.nan), static_cast<long long>(t.infinite));
    text += t.name + std::string(widest - t.name.size(), ' ') + row;
    std::int64_t count = 1;
    for (const std::int64_t side : t.shape) count *= side;
    elements += count;
    nan += t.nan;
    infinite += t.infinite;
  }
  return text + "\n" + std::to_string(s.tensors.size()) + " tensors, " + std::to_string(elements) +
         " elements, " + std::to_string(nan) + " NaN, " + std::to_string(infinite) + " infinite\n";
}

json json_of(const FileSummary& s) {
  json tensors = json::array();
  for (const TensorSummary& t : s.tensors)
    tensors.push_back({{"name", t.name},
                       {"dtype", name_of(t.dtype)},
                       {"shape", t.shape},
                       {"norm", t.norm},
                       {"nan", t.nan},
                       {"infinite", t.infinite}});
  json j = {{"path", s.path}, {"format", s.format}, {"license", s.license}, {"notes", s.notes}};
  if (!s.model.empty())
    j.update({{"model", s.model},
              {"fit", s.fit},
              {"outputs", s.outputs},
              {"classes", s.classes},
              {"view", s.view},
              {"resize", s.resize},
              {"preparation", s.preparation},
              {"epoch", s.epoch},
              {"best_accuracy", s.best_accuracy},
              {"optimizer_tensors", s.moments}});
  j["tensors"] = std::move(tensors);
  return j;
}

}  // namespace poster

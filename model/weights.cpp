#include "model/weights.h"

#include <algorithm>
#include <map>

#include "engine/error.h"
#include "model/ir50_names.h"
#include "model/network.h"

namespace poster {
namespace {

constexpr const char* kIr50 = "ir_back.";
constexpr const char* kLandmarks = "face_landback.";

std::string prefix_of(WeightsPart part) {
  return part == WeightsPart::whole ? "" : part == WeightsPart::ir50 ? kIr50 : kLandmarks;
}

// PyTorch versions before 0.4.1 save no counters, some tools no tables; then none of them may be asked for.
class Optional {
 public:
  explicit Optional(const TensorSource& source) {
    for (const TensorSource::Entry& entry : source.entries()) {
      counters_ = counters_ || entry.name.ends_with("num_batches_tracked");
      tables_ = tables_ || entry.name.ends_with("relative_position_index");
    }
  }
  bool operator()(const ParameterSpec& spec) const {
    return (spec.role == Role::counter && !counters_) || (spec.role == Role::constant && !tables_);
  }

 private:
  bool counters_ = false, tables_ = false;  // the source has some
};

bool holds_whole_network(const TensorSource& source, const std::string& prefix) {
  return std::any_of(source.entries().begin(), source.entries().end(), [&](const TensorSource::Entry& e) {
    return without_module(e.name).starts_with(prefix);
  });
}

// The network's name for an entry of the source; nothing when the entry belongs to another part.
std::optional<std::string> network_name(const std::string& entry, const std::string& prefix, bool whole_file,
                                        const Ir50Names& ir50) {
  std::string name = without_module(entry);
  if (!prefix.empty() && whole_file) {
    if (!name.starts_with(prefix)) return std::nullopt;
  } else {
    name = prefix + name;
  }
  if (name.starts_with(kIr50)) name = kIr50 + ir50.translate(name.substr(std::string(kIr50).size()));
  return name;
}

// Adds "missing (12): a, b, and 10 more" to the text.
void add_list(std::string& text, const std::string& title, const std::vector<std::string>& names,
              std::size_t longest) {
  if (names.empty()) return;
  text += (text.empty() ? "" : "; ") + title + " (" + std::to_string(names.size()) + "): ";
  for (std::size_t i = 0; i < names.size() && i < longest; ++i) text += (i ? ", " : "") + names[i];
  if (names.size() > longest) text += ", and " + std::to_string(names.size() - longest) + " more";
}

}  // namespace

std::string name_of(WeightsPart part) {
  return part == WeightsPart::whole ? "network" : part == WeightsPart::ir50 ? "ir50" : "landmarks";
}

std::string without_module(const std::string& name) {
  constexpr std::string_view kModule = "module.";
  return name.starts_with(kModule) ? name.substr(kModule.size()) : name;
}

std::string WeightsMatch::summary() const {
  return std::to_string(matched()) + "/" + std::to_string(expected) + " tensors";
}

std::string WeightsMatch::shortcomings(std::size_t longest) const {
  std::string text;
  add_list(text, "missing", missing, longest);
  add_list(text, "left over", left_over, longest);
  add_list(text, "of another shape", mismatched, longest);
  return text;
}

WeightsMatch match_weights(const ParameterTable& table, const TensorSource& source, WeightsPart part,
                           const std::string& without) {
  const std::string prefix = prefix_of(part);
  const bool whole_file = !prefix.empty() && holds_whole_network(source, prefix);
  const auto is_left_alone = [&](const std::string& name) {
    return !without.empty() && name.starts_with(without);
  };
  std::map<std::string, ParameterId> ids;
  for (std::size_t id = 0; id < table.specs().size(); ++id)
    ids.emplace(table.specs()[id].name, static_cast<ParameterId>(id));
  const Ir50Names ir50(table, kIr50);

  WeightsMatch match;
  std::vector<bool> given(table.specs().size());
  for (std::size_t i = 0; i < source.entries().size(); ++i) {
    const TensorSource::Entry& entry = source.entries()[i];
    const auto name = network_name(entry.name, prefix, whole_file, ir50);
    if (!name || is_left_alone(*name)) continue;
    const auto id = ids.find(*name);
    if (id == ids.end()) {
      (name->starts_with(kIr50) && ir50.is_fourth_stage(name->substr(std::string(kIr50).size()))
           ? match.unused
           : match.left_over)
          .push_back(entry.name);
      continue;
    }
    const ParameterSpec& spec = table[id->second];
    if (given[id->second]) {
      match.left_over.push_back(entry.name + " (a second " + spec.name + ")");
      continue;
    }
    given[id->second] = true;
    if (spec.shape == entry.shape) {
      match.pairs.push_back({id->second, i});
    } else {
      match.mismatched.push_back(entry.name + " is " + describe(entry.shape) + " in the file, " +
                                 describe(spec.shape) + " in the network");
    }
  }
  const Optional is_optional(source);
  for (std::size_t id = 0; id < table.specs().size(); ++id) {
    const ParameterSpec& spec = table.specs()[id];
    if (!spec.name.starts_with(prefix) || is_left_alone(spec.name)) continue;
    if (!given[id] && is_optional(spec)) continue;
    ++match.expected;
    if (!given[id]) match.missing.push_back(spec.name);
  }
  return match;
}

template <typename P>
void load_matched(Parameters<P>& parameters, const TensorSource& source, const WeightsMatch& match) {
  for (const WeightsMatch::Pair& pair : match.pairs)
    source.read(pair.entry, [&](const TensorView& view) {
      try {
        parameters.import_value(pair.parameter, view);
      } catch (const Error& e) {
        throw Error(source.description() + ": " + e.what());
      }
    });
}
template void load_matched(Parameters<float>&, const TensorSource&, const WeightsMatch&);
template void load_matched(Parameters<double>&, const TensorSource&, const WeightsMatch&);

std::optional<DetectedModel> detect_model(const TensorSource& source) {
  std::optional<DetectedModel> best;
  for (const ModelInfo& info : models()) {
    const auto head = std::find_if(source.entries().begin(), source.entries().end(), [&](const auto& entry) {
      return without_module(entry.name) == info.head + ".weight" && !entry.shape.empty() &&
             entry.shape[0] > 0;
    });
    if (head == source.entries().end()) continue;
    ParameterTable table;
    make_network<float>(info.name, head->shape[0], table);
    WeightsMatch match = match_weights(table, source, WeightsPart::whole);
    if (2 * match.matched() <= match.expected || (best && match.matched() <= best->match.matched())) continue;
    best = {info.name, head->shape[0], std::move(match)};
  }
  return best;
}

}  // namespace poster

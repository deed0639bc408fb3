#include "model/weights.h"

#include <algorithm>
#include <cstring>
#include <iterator>
#include <map>
#include <set>

#include "engine/error.h"
#include "engine/weight_names.h"
#include "model/ir50_names.h"
#include "model/network.h"
#include "model/weight_values.h"

namespace poster {
namespace {

constexpr const char* kIr50 = "ir_back.";
constexpr const char* kLandmarks = "face_landback.";
constexpr std::size_t kMaxHeads = 4;  // of different sizes in one file

std::string quoted(const std::string& text) { return '"' + text + '"'; }

std::string prefix_of(WeightsPart part) {
  return part == WeightsPart::whole ? "" : part == WeightsPart::ir50 ? kIr50 : kLandmarks;
}

// Names of a part's tensors as a file may have them: without the part's own prefix, IR50's units in either
// spelling.
class PartNames {
 public:
  PartNames(const ParameterTable& table, WeightsPart part) : prefix_(prefix_of(part)), ir50_(table, kIr50) {
    for (std::size_t id = 0; id < table.specs().size(); ++id)
      ids_.emplace(table.specs()[id].name, static_cast<ParameterId>(id));
  }

  // The network's name for a name of the part.
  std::string in_network(const std::string& name) const {
    const std::string full = prefix_ + name;
    return full.starts_with(kIr50) ? kIr50 + ir50_.translate(full.substr(std::strlen(kIr50))) : full;
  }
  std::optional<ParameterId> find(const std::string& network_name) const {
    const auto found = ids_.find(network_name);
    return found == ids_.end() ? std::nullopt : std::optional(found->second);
  }
  bool is_fourth_stage(const std::string& network_name) const {
    return network_name.starts_with(kIr50) && ir50_.is_fourth_stage(network_name.substr(std::strlen(kIr50)));
  }
  bool holds(const ParameterSpec& spec) const { return spec.name.starts_with(prefix_); }
  const std::string& prefix() const { return prefix_; }

 private:
  std::string prefix_;
  Ir50Names ir50_;
  std::map<std::string, ParameterId> ids_;
};

// No result depends on these: what nothing uses, batches counted, tables that follow from their shapes. Old
// versions of PyTorch, and tools that prune, save files without some of them.
bool may_be_absent(const ParameterSpec& spec) {
  return spec.role == Role::dead || spec.role == Role::counter || spec.role == Role::constant;
}

// Which of a file's names are the wanted set, and which belong to something else beside it.
class NameSet {
 public:
  NameSet(const TensorSource& source, const PartNames& names) {
    const auto prefixes = name_prefixes(
        source, [&](const std::string& name) { return names.find(names.in_network(name)).has_value(); });
    if (prefixes.empty()) return;
    prefix_ = prefixes.front().text;
    for (const NamePrefix& other : prefixes)
      if (!other.text.empty() && other.text != prefix_ && 2 * other.count >= prefixes.front().count)
        others_.push_back(other.text);
    // A backbone within a whole network.
    const std::string bare = without_wrappers(prefix_);
    taken_out_ = !names.prefix().empty() && (bare == names.prefix() || bare.ends_with("." + names.prefix()));
    said_ = taken_out_ ? prefix_.substr(0, prefix_.rfind(names.prefix())) : prefix_;
  }

  // The name behind the prefix, without wrappers; nothing when it isn't of the set.
  std::optional<std::string> name_of(const std::string& entry) const {
    if (!entry.starts_with(prefix_)) return std::nullopt;
    for (const std::string& other : others_)
      if (other.size() > prefix_.size() && entry.starts_with(other)) return std::nullopt;
    return without_wrappers(std::string_view(entry).substr(prefix_.size()));
  }
  // Part of a whole network: its other parts are nothing to speak of.
  bool taken_out() const { return taken_out_; }
  // What is taken off the names, for people.
  const std::string& said() const { return said_; }

 private:
  std::string prefix_, said_;
  std::vector<std::string> others_;
  bool taken_out_ = false;
};

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

std::string WeightsMatch::remarks(std::size_t longest) const {
  std::string text;
  if (!prefix.empty() && prefix != "module.") text = "names without " + quoted(prefix);
  add_list(text, "beside the network, not taken", beside, longest);
  add_list(text, "not in the file, and no result depends on them", absent, longest);
  return text;
}

WeightsMatch match_weights(const ParameterTable& table, const TensorSource& source, WeightsPart part,
                           const std::string& without) {
  const PartNames names(table, part);
  const NameSet set(source, names);
  const auto is_left_alone = [&](const std::string& name) {
    return !without.empty() && name.starts_with(without);
  };
  WeightsMatch match;
  match.prefix = set.said();
  std::vector<bool> given(table.specs().size());
  for (std::size_t i = 0; i < source.entries().size(); ++i) {
    const TensorSource::Entry& entry = source.entries()[i];
    const auto bare = set.name_of(entry.name);
    match.names.push_back(bare ? names.in_network(*bare) : "");
    if (!bare) {
      if (!set.taken_out()) match.beside.push_back(entry.name);
      continue;
    }
    const std::string name = match.names.back();
    if (is_left_alone(name)) continue;
    const auto id = names.find(name);
    if (!id) {
      (names.is_fourth_stage(name) ? match.unused : match.left_over).push_back(entry.name);
      continue;
    }
    const ParameterSpec& spec = table[*id];
    if (given[id->row()]) {
      match.left_over.push_back(entry.name + " (a second " + spec.name + ")");
      match.names.back() = entry.name;
      continue;
    }
    given[id->row()] = true;
    if (spec.shape == entry.shape) {
      match.pairs.push_back({*id, i});
    } else {
      match.mismatched.push_back(entry.name + " is " + describe(entry.shape) + " in the file, " +
                                 describe(spec.shape) + " in the network");
    }
  }
  for (std::size_t id = 0; id < table.specs().size(); ++id) {
    const ParameterSpec& spec = table.specs()[id];
    if (!names.holds(spec) || is_left_alone(spec.name)) continue;
    if (!given[id] && may_be_absent(spec)) {
      match.absent.push_back(spec.name);
      continue;
    }
    ++match.expected;
    if (!given[id]) match.missing.push_back(spec.name);
  }
  // Where others are missing, too, they say nothing more of the file.
  if (!match.missing.empty()) {
    match.expected += std::ssize(match.absent);
    std::move(match.absent.begin(), match.absent.end(), std::back_inserter(match.missing));
    match.absent.clear();
  }
  return match;
}

template <typename P>
void load_matched(Parameters<P>& parameters, const TensorSource& source, const WeightsMatch& match) {
  for (const WeightsMatch::Pair& pair : match.pairs)
    source.read(pair.entry, [&](const TensorView& view) {
      try {
        check_values(parameters.table()[pair.parameter], view);
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
    const std::string head = info.head + ".weight";
    std::set<std::int64_t> outputs;
    for (const TensorSource::Entry& entry : source.entries()) {
      const std::string name = without_wrappers(entry.name);
      if ((name == head || name.ends_with("." + head)) && !entry.shape.empty() && entry.shape[0] > 0 &&
          outputs.size() < kMaxHeads)
        outputs.insert(entry.shape[0]);
    }
    for (const std::int64_t count : outputs) {
      ParameterTable table;
      make_network<float>(info.name, count, table);
      WeightsMatch match = match_weights(table, source, WeightsPart::whole);
      if (2 * match.matched() <= match.expected || (best && match.matched() <= best->match.matched()))
        continue;
      best = {info.name, count, std::move(match)};
    }
  }
  return best;
}

}  // namespace poster

// Setting a network's weights from somebody else's tensors: which tensor goes where, and what doesn't fit.
// Nothing is dropped in silence, and nothing is set before everything has been matched.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/parameters.h"
#include "engine/tensor_source.h"

namespace poster {

// What of a network is to be set.
//   whole      every tensor of the state dict
//   ir50       the image backbone: `ir_back.` in front of the names of ir50.pth. Both spellings of its units
//              are understood, body1.0 … body3.13 (POSTER V2's file) and body.0 … body.20 (POSTER V1's)
//   landmarks  the landmark backbone: `face_landback.` in front of the names of mobilefacenet's file
// Wrappers' parts of names (engine/weight_names.h), and a prefix that stands before all names of the set, are
// taken off. From a file that holds a whole network, a backbone is taken out.
enum class WeightsPart { whole, ir50, landmarks };
std::string name_of(WeightsPart part);

struct WeightsMatch {
  struct Pair {
    ParameterId parameter;
    std::size_t entry;  // of the source
  };
  std::vector<Pair> pairs;
  // Tensors that the part has, without those of `absent`.
  std::int64_t expected = 0;
  std::vector<std::string> missing;     // of the network, not in the source
  std::vector<std::string> left_over;   // of the source, without a place in the network
  std::vector<std::string> mismatched;  // "NAME is [7, 768] in the file, [3, 768] in the network"
  // Of the source, known to have no place in this network: the fourth stage of a whole IR50.
  std::vector<std::string> unused;
  // Of the network, not in the source where all others are, and without effect on any result: tensors that
  // nothing uses, counters (num_batches_tracked), tables that follow from their shapes
  // (relative_position_index).
  std::vector<std::string> absent;
  std::vector<std::string> names;   // of each entry, as the network has them; "": of those in `beside`
  std::string prefix;               // what was taken off the source's names: "module._orig_mod."
  std::vector<std::string> beside;  // of the source, not behind that prefix: a loss, an average's weights

  std::int64_t matched() const { return static_cast<std::int64_t>(pairs.size()); }
  bool complete() const { return missing.empty() && left_over.empty() && mismatched.empty(); }
  // "304/304 tensors"; and what doesn't fit, on one line, at most `longest` names of each kind.
  std::string summary() const;
  std::string shortcomings(std::size_t longest = 8) const;
  // What else there is to say, on one line: the prefix (`module.` goes without saying), what stands beside,
  // what is absent. Mostly empty.
  std::string remarks(std::size_t longest = 3) const;
};

// `without`: a prefix of names that are to stay as they are, both in the network and in the source (a new
// head).
WeightsMatch match_weights(const ParameterTable& table, const TensorSource& source, WeightsPart part,
                           const std::string& without = "");

// Sets what was matched. Throws Error that names the source and the tensor, also for values that no network
// can have (model/weight_values.h).
template <typename P>
void load_matched(Parameters<P>& parameters, const TensorSource& source, const WeightsMatch& match);

// A model that the source's tensors are those of.
struct DetectedModel {
  std::string model;
  std::int64_t outputs;
  WeightsMatch match;
};
// The registered model that most tensors fit, if more than half of its tensors do; nothing otherwise.
std::optional<DetectedModel> detect_model(const TensorSource& source);

}  // namespace poster

// The two spellings of the units of IR50 in state dicts: POSTER V2 has body1.0 … body3.13, its first three
// stages; POSTER V1 and the face-recognition code that the weights come from (face.evoLVe) have one list
// body.0, body.1, …, which in whole IR50 files goes on to a fourth stage.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/parameter_table.h"

namespace poster {

class Ir50Names {
 public:
  // The spelling and the numbers of units are those of the tensors under `prefix` in the table.
  Ir50Names(const ParameterTable& table, const std::string& prefix);

  // "body.3.res_layer.0.weight" or "body2.0.res_layer.0.weight", whichever the network has, for either. Other
  // names, and units that the network hasn't, come back as they are.
  std::string translate(const std::string& name) const;

  // A unit of one of the three that make IR50's fourth stage, behind those of the network.
  bool is_fourth_stage(const std::string& name) const;

 private:
  struct Unit {
    int stage, index;  // stage 0: "body.INDEX"
    std::string rest;  // ".res_layer.0.weight"
  };
  static std::optional<Unit> parse(const std::string& name);

  bool staged_ = false;              // body1 … rather than body
  std::vector<int> units_{0, 0, 0};  // of the stages; with one list: of none
};

}  // namespace poster

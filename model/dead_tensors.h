// Tensors that the reference's state dict has and nothing uses: they are carried along, never computed.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "engine/parameter_table.h"

namespace poster {

inline void add_dead(ParameterTable& table, const std::string& name, std::vector<std::int64_t> shape,
                     Initialiser initialiser) {
  table.add({.name = name, .shape = std::move(shape), .role = Role::dead, .initialiser = initialiser});
}

inline void add_dead_batch_norm(ParameterTable& table, const std::string& name, std::int64_t channels) {
  add_dead(table, name + ".weight", {channels}, Initialiser::constant(1));
  add_dead(table, name + ".bias", {channels}, Initialiser::constant(0));
  add_dead(table, name + ".running_mean", {channels}, Initialiser::constant(0));
  add_dead(table, name + ".running_var", {channels}, Initialiser::constant(1));
  table.add({.name = name + ".num_batches_tracked", .shape = {}, .role = Role::counter, .initialiser = {}});
}

}  // namespace poster

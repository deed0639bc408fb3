// A checkpoint written anew with something changed, whole and with a checksum that fits: what a stranger, an
// earlier version or a run gone wrong may leave.
#pragma once

#include <cstring>
#include <filesystem>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "io/weights/safetensors.h"

namespace poster::test {

struct CheckpointParts {
  std::map<std::string, std::string> metadata;
  std::map<std::string, std::vector<std::byte>> tensors;

  // `settings` and `position` are JSON in the metadata.
  void edit(const std::string& key, const std::function<void(nlohmann::ordered_json&)>& change) {
    auto json = nlohmann::ordered_json::parse(metadata.at(key));
    change(json);
    metadata[key] = json.dump();
  }
  // One element of a tensor of floats.
  void set(const std::string& tensor, std::size_t element, float value) {
    std::memcpy(tensors.at(tensor).data() + element * sizeof value, &value, sizeof value);
  }
};

inline void rewrite_checkpoint(const std::filesystem::path& from, const std::filesystem::path& to,
                               const std::function<void(CheckpointParts&)>& change) {
  std::vector<io::TensorToWrite> tensors;
  CheckpointParts parts;
  {
    const io::SafetensorsFile file(from);
    parts.metadata = file.metadata();
    parts.metadata.erase("checksum");
    for (const std::string& name : file.names()) {
      const TensorView& view = file.at(name);
      parts.tensors[name].assign(view.bytes.begin(), view.bytes.end());
      tensors.push_back({name, view.dtype, view.shape, nullptr});
    }
  }
  change(parts);
  for (io::TensorToWrite& tensor : tensors) tensor.data = parts.tensors.at(tensor.name).data();
  std::filesystem::create_directories(to.parent_path());
  io::write_safetensors(to, parts.metadata, tensors);
}

}  // namespace poster::test

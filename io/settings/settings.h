// Everything that a training run depends on, in one value: it is stored in checkpoints and in run.json, and a
// run resumed without further options goes on with it unchanged.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "engine/device.h"
#include "engine/optimizer.h"
#include "io/data/dataset.h"
#include "io/face/preparation.h"
#include "io/recipe/recipe.h"
#include "model/freeze.h"
#include "model/trainer_base.h"

namespace poster {

struct Settings {
  std::string data;  // DIR with train/, valid/, test/
  std::string model = "poster-v2";
  io::Recipe recipe;     // with learning rate, epochs, batch size and optimizer resolved
  io::ViewOptions view;  // what the network sees of each face, whoever sees to it
  // What had been done to the images of `data` before; nothing: not known.
  std::optional<io::Preparation> preparation;
  double weight_decay = 0, momentum = 0;
  std::uint64_t seed = 0;
  Freeze freeze;
  Precision precision = Precision::float32;
  std::string split = "valid";  // evaluated after each epoch
  bool drop_last = false;       // leave out a last batch of one image
  std::int64_t skip_bad = 0;
  bool flat_folders = false;         // images are listed by the rule of earlier versions (io/data/dataset.h)
  std::vector<std::string> classes;  // in label order
  // What the run began with, one text a file (io/checkpoint/initial_weights.h); nothing: random weights.
  std::vector<std::string> initial_weights;
  // Where it went on with other settings or data than before, one text a change: "epoch 3, image 20: …".
  std::vector<std::string> changes;

  static const io::SettingTable<Settings>& table();

  OptimizerOptions optimizer() const;
  LossOptions loss() const;
  io::FolderRule folder_rule() const {
    return flat_folders ? io::FolderRule::flat : io::FolderRule::image_folder;
  }
};

// Nothing when the folders of the data decide.
std::optional<std::vector<std::string>> classes_or_none(const Settings& settings);

nlohmann::ordered_json to_json(const Settings& settings);
// Throws Error for anything that to_json did not write, values out of their ranges too.
Settings settings_from_json(const nlohmann::ordered_json& json);

}  // namespace poster

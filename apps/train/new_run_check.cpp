#include "apps/train/new_run_check.h"

#include <nlohmann/json.hpp>

#include "apps/train/foreign_checkpoint.h"
#include "io/checkpoint/initial_weights.h"
#include "io/data/dataset.h"
#include "io/device/open_device.h"
#include "io/face/viewed_dataset.h"
#include "io/run/training_run.h"

namespace poster {

using json = nlohmann::ordered_json;

const NewRunCheck::Data& NewRunCheck::data_of(const Settings& settings) {
  const json all = to_json(settings);
  const std::string key = json{settings.data, settings.classes, settings.flat_folders, all.at("view")}.dump();
  const auto known = data_.find(key);
  if (known != data_.end()) return known->second;
  const io::ImageFolder train(settings.data, "train", classes_or_none(settings), settings.folder_rule());
  for (const char* split : {"valid", "test"})
    io::ImageFolder(settings.data, split, train.classes(), settings.folder_rule());
  const io::ViewedDataset views(train, settings.view);
  return data_[key] = {.images = train.size(), .classes = std::ssize(train.classes())};
}

void NewRunCheck::check_weights(const TrainOptions& options, const Settings& settings, std::int64_t classes) {
  const InitialWeightsOptions& w = options.weights;
  const std::string key = json{w.pretrained_dir, w.ir50,          w.landmarks,    w.network, w.new_head,
                               w.allow_partial,  w.ignore_unsafe, settings.model, classes}
                              .dump();
  if (weights_.contains(key)) return;
  const InitialWeights weights(w);
  const Checkpoint* const network = weights.network();
  if (network) with_model_of(*network, options);  // throws where they name another
  weights.check(network ? network->model() : settings.model, classes);
  weights_.insert(key);
}

void NewRunCheck::check(const TrainOptions& options, const Settings& settings, bool data_there) {
  std::int64_t classes = 1;
  if (data_there) {
    const Data& data = data_of(settings);
    check_batch_size(settings, data.images);
    classes = data.classes;
  }
  check_weights(options, settings, classes);
  const std::string device = options.device + " " + precision_name(settings.precision);
  if (devices_.insert(device).second) io::open_device(options.device, options.threads, settings.precision);
}

}  // namespace poster

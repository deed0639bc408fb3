// What a run would find wrong before its first step, found without building its network: for programs that
// plan many runs, hours before the last of them begins.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>

#include "apps/train/train_options.h"

namespace poster {

class NewRunCheck {
 public:
  // Checks the data of each split, their classes, the batch size, the view, the device, and that every file
  // of weights is there, is one, and fits. What was looked at once is not looked at again, so that many runs
  // on the same data cost little. `data_there`: false for data that are made later, of which nothing is
  // asked. Throws Error.
  void check(const TrainOptions& options, const Settings& settings, bool data_there);

 private:
  struct Data {
    std::int64_t images = 0, classes = 0;
  };
  const Data& data_of(const Settings& settings);
  void check_weights(const TrainOptions& options, const Settings& settings, std::int64_t classes);

  std::map<std::string, Data> data_;
  std::set<std::string> weights_, devices_;
};

}  // namespace poster

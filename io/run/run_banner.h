// What a run is about, for the person at the terminal: said once when it begins. log.txt and run.json have the
// facts in forms for programs.
#pragma once

#include <string>
#include <vector>

#include "engine/parameters.h"
#include "io/data/dataset.h"
#include "io/settings/settings.h"

namespace poster {

struct RunPlan {
  std::string device;  // Device::description()
  std::string folder;
  std::int64_t first_epoch = 0;  // from 0
  std::int64_t steps = 0;        // of an epoch
  int checkpoints = 4;           // last and best, and mostly the one before each
};

std::vector<std::string> run_banner(const Settings& settings, const Parameters<float>& parameters,
                                    const io::ImageFolder& train, const io::ImageFolder& valid,
                                    const RunPlan& plan);

// "Epoch 3 of 200: 210 images/s, 1:04; about 3:30:10 left". seconds: of the epoch with its evaluation.
std::string epoch_time_line(std::int64_t epoch, std::int64_t epochs, double images_per_second,
                            double seconds);

// "1,234,567"
std::string grouped(std::int64_t number);

}  // namespace poster

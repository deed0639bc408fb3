// SPDX-License-Identifier: Apache-2.0
// Poster as a library: training a network on a folder of faces.
//
//   poster::Training training("faces", {.model = "poster-v2-tiny", .epochs = 20});
//   while (!training.done()) {
//     const poster::Epoch epoch = training.train_epoch();
//     std::printf("epoch %d: %.1f %%\n", epoch.number, epoch.valid_accuracy);
//     if (epoch.best) training.save("best.safetensors");
//   }
//
// What it saves is a checkpoint of poster_train's: poster/classifier.h and poster_predict read it, and
// poster_train goes on from it. Equal options give equal bits, on any number of threads and workers.
//
// CMake: find_package(poster REQUIRED), target_link_libraries(... poster::poster). This header needs the
// standard library alone. Everything throws std::runtime_error with one line that names the file or option,
// says what is wrong with it and how to mend it (where it speaks of --FLAG, that is the option of
// poster_train with that name); std::bad_alloc where memory ends. After an error in train_epoch() the object
// refuses to train on; what was saved before is whole.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace poster {

struct TrainingOptions {
  // POSTER V2: poster-v2 as published, poster-v2-tiny for trying things out on a CPU; POSTER V1:
  // poster-v1-small, -base, -large, -tiny. docs/performance.md has what each needs.
  std::string model = "poster-v2";
  // Augmentation, loss and learning rate of a published run: augmented, plain, raf-db, affectnet, raf-db-v1;
  // empty: the model's own.
  std::string recipe = {};
  // In place of the recipe's, where given. Batch norm can't train on one image: batches have 2 or more, and
  // an epoch's last batch of one is left out.
  std::optional<int> epochs = std::nullopt, batch_size = std::nullopt;
  std::optional<double> learning_rate = std::nullopt;  // of the first epoch
  std::optional<double> rho = std::nullopt;  // radius of SAM's ascent; 0: plain steps, at half the cost
  std::uint64_t seed = 0;

  // What the network begins with, else random weights: a folder with ir50.pth and
  // mobilefacenet_model_best.pth.tar, the pretrained backbones without which the published accuracies aren't
  // reached; or a whole network's .pth or .safetensors. Nothing in a file is ever executed.
  std::string pretrained_dir = {};
  std::string weights = {};
  bool new_head = false;  // with `weights`: begin its last layer anew, with as many outputs as classes

  std::string device = "auto";     // auto: CUDA where there is a device, else the CPU; cpu; cuda
  int threads = 0;                 // of the CPU; 0: one for each core
  std::string precision = "fp32";  // fp32; on CUDA also tf32 and fp16
  int workers = 2;                 // threads that read images
};

// Averages over the steps of an epoch so far, both passes of SAM among them.
struct Progress {
  int epoch = 0;              // from 1
  std::int64_t step = 0;      // from 1
  std::int64_t steps = 0;     // of the epoch
  double train_loss = 0;      // cross-entropy as the recipe weighs it
  double train_accuracy = 0;  // percent
};

struct Epoch {
  int number = 0;  // from 1
  double learning_rate = 0;
  double train_loss = 0, train_accuracy = 0;  // as Progress has them at the end
  double valid_loss = 0;                      // plain mean cross-entropy over valid/
  double valid_accuracy = 0;                  // percent
  bool best = false;                          // more accurate on valid/ than every epoch before
};

// One object serves one thread at a time.
class Training {
 public:
  // data: a folder with train/CLASS/ and valid/CLASS/ full of images; the classes are train/'s sorted
  // folders. Where poster_prepare made it, what the network sees is in its preparation.json, and goes into
  // the checkpoint.
  explicit Training(const std::string& data, const TrainingOptions& options = {});
  ~Training();
  Training(Training&&) noexcept;
  Training& operator=(Training&&) noexcept;

  const std::vector<std::string>& classes() const;
  // Lines on what the network began with, and on images that were left out.
  const std::vector<std::string>& notes() const;
  int epochs() const;  // to be trained in all
  bool done() const;   // all of them are trained

  // Trains on every image of train/ once and then evaluates on valid/; on_step is told of each step. Throws
  // also when a loss, weight or output is no longer a finite number.
  Epoch train_epoch(const std::function<void(const Progress&)>& on_step = {});

  // The state after the last epoch, optimizer and all: as safetensors, or for a name that ends in .pth as
  // PyTorch's. An earlier file of that name is replaced as a whole, or not at all.
  void save(const std::string& path);

 private:
  class Implementation;
  std::unique_ptr<Implementation> implementation_;
};

}  // namespace poster

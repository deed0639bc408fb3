// SPDX-License-Identifier: Apache-2.0
// train DATA CHECKPOINT [MODEL [EPOCHS [BATCH_SIZE]]]: from a folder of faces (train/CLASS/, valid/CLASS/) to
// a checkpoint, by Poster as a library. The checkpoint is that of the most accurate epoch on valid/.
#include <poster/trainer.h>
#include <cstdio>
#include <exception>
#include <stdexcept>
#include <string>

namespace {

int number(const char* text, const char* what) {
  std::size_t used = 0;
  const std::string all(text);
  int value = 0;
  try {
    value = std::stoi(all, &used);
  } catch (const std::exception&) {
  }
  if (used == 0 || used != all.size() || value < 1)
    throw std::runtime_error(std::string(what) + " " + all + ": give a whole number from 1 on");
  return value;
}

void train(int argc, char** argv) {
  poster::TrainingOptions options;
  if (argc > 3) options.model = argv[3];
  if (argc > 4) options.epochs = number(argv[4], "EPOCHS");
  if (argc > 5) options.batch_size = number(argv[5], "BATCH_SIZE");
  poster::Training training(argv[1], options);
  std::printf("%zu classes, %d epochs\n", training.classes().size(), training.epochs());
  for (const std::string& note : training.notes()) std::printf("%s\n", note.c_str());

  while (!training.done()) {
    const poster::Epoch epoch = training.train_epoch([](const poster::Progress& p) {
      std::printf("\repoch %d, step %lld of %lld: loss %.3f, %.1f %% ", p.epoch,
                  static_cast<long long>(p.step), static_cast<long long>(p.steps), p.train_loss,
                  p.train_accuracy);
      std::fflush(stdout);
    });
    std::printf("\repoch %d: train %.3f, %.1f %%; valid %.3f, %.1f %%%s\n", epoch.number, epoch.train_loss,
                epoch.train_accuracy, epoch.valid_loss, epoch.valid_accuracy, epoch.best ? ", the best" : "");
    if (epoch.best) training.save(argv[2]);
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3 || argc > 6) {
    std::fprintf(stderr, "train DATA CHECKPOINT [MODEL [EPOCHS [BATCH_SIZE]]]\n");
    return 1;
  }
  try {
    train(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "train: %s\n", error.what());
    return 1;
  }
}

#include "apps/train/foreign_checkpoint.h"

#include "engine/error.h"

namespace poster {

TrainOptions with_model_of(const Checkpoint& checkpoint, TrainOptions options) {
  if (options.model && *options.model != checkpoint.model())
    throw Error("--model " + *options.model + ": " + checkpoint.path().string() + " holds a " +
                checkpoint.model() + "; leave --model out, or give another file");
  options.model = checkpoint.model();
  return options;
}

}  // namespace poster

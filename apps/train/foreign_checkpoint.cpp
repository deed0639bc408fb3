#include "apps/train/foreign_checkpoint.h"

#include "engine/error.h"

namespace poster {

TrainOptions with_model_of(const Checkpoint& checkpoint, TrainOptions options) {
  const auto model = options.given.get(&Settings::model);
  if (model && *model != checkpoint.model())
    throw Error("--model " + *model + ": " + checkpoint.path().string() + " holds a " + checkpoint.model() +
                "; leave --model out, or give another file");
  options.given.set(checkpoint.model(), &Settings::model);
  return options;
}

}  // namespace poster

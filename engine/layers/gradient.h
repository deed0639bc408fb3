// What a layer's backward does about the gradient of its input.
#pragma once

namespace poster {

enum class Gradient {
  ignore,      // nobody wants it
  overwrite,   // writes it
  accumulate,  // adds it to what is there
};

}  // namespace poster

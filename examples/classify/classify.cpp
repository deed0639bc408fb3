// SPDX-License-Identifier: Apache-2.0
// classify CHECKPOINT IMAGE...: the expression of each face, by Poster as a library.
#include <poster/classifier.h>
#include <cstdio>
#include <exception>

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fprintf(stderr, "classify CHECKPOINT IMAGE...\n");
    return 1;
  }
  try {
    poster::Classifier classifier(argv[1]);
    for (int i = 2; i < argc; ++i)
      for (const poster::Face& face : classifier.classify_file(argv[i]))
        std::printf("%s: %s %.1f %%\n", argv[i],
                    classifier.classes()[static_cast<std::size_t>(face.label)].c_str(),
                    100.0 * static_cast<double>(face.probabilities[static_cast<std::size_t>(face.label)]));
  } catch (const std::exception& error) {
    std::fprintf(stderr, "classify: %s\n", error.what());
    return 1;
  }
}

// SPDX-License-Identifier: Apache-2.0
// Poster as a library: expressions in images, by a trained network.
//
//   poster::Classifier classifier("runs/X/best.safetensors");
//   for (const poster::Face& face : classifier.classify_file("photo.jpg"))
//     std::puts(classifier.classes()[face.label].c_str());
//
// CMake: find_package(poster REQUIRED), target_link_libraries(... poster::poster). This header needs the
// standard library alone. Everything throws std::runtime_error with one line that names the file or option,
// says what is wrong with it and how to mend it; std::bad_alloc where memory ends.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace poster {

// In pixels of the upright image.
struct Box {
  double left = 0, top = 0, width = 0, height = 0;
};

struct ClassifierOptions {
  std::string device = "auto";     // auto: CUDA where there is a device, else the CPU; cpu; cuda
  int threads = 0;                 // of the CPU; 0: one for each core
  std::string precision = "fp32";  // fp32; on CUDA also tf32 and fp16
  // Without: each image is one face, cropped as those of training. With: every face that is found in it.
  // For frames of films and cameras see classify_frame.
  bool find_faces = false;
  std::string detector = "cascade";  // or the path of a YuNet model.onnx
  int batch = 1;                     // faces that go through the network together
  bool attention = false;
  // Names of the outputs, one for each, for a file that has none. Other names than the file's are an error
  // unless rename_classes says that they are meant: the first is then that of output 0.
  std::vector<std::string> classes = {};
  bool rename_classes = false;
  // Where the one face is, in every image and frame; nothing is looked for then.
  std::optional<Box> box = std::nullopt;
};

// 8-bit RGB, rows from top to bottom, `stride` bytes from one row to the next (0: 3 width).
struct Pixels {
  const std::uint8_t* rgb = nullptr;
  int width = 0, height = 0;
  std::int64_t stride = 0;
};

struct Face {
  double left = 0, top = 0, width = 0, height = 0;  // in pixels of the upright image
  int label = 0;                                    // index of the largest probability
  std::vector<float> probabilities = {};            // by class; their sum is 1
  // Where asked for: how much the network's class token takes from each place of a square grid over the face,
  // row by row. What is missing to a sum of 1 it takes from itself.
  std::vector<float> attention = {};
  // What the network was shown, where that isn't the view of its training; else empty.
  std::string other_view = {};
};

// One object serves one thread at a time.
class Classifier {
 public:
  // A checkpoint of poster_train, which brings class names, the view of the face, and how images are
  // cropped and resized (an image in a folder of poster_prepare isn't cut again); or a whole network's .pth
  // or .safetensors, of which nothing is ever executed.
  explicit Classifier(const std::string& checkpoint, const ClassifierOptions& options = {});
  ~Classifier();
  Classifier(Classifier&&) noexcept;
  Classifier& operator=(Classifier&&) noexcept;

  const std::vector<std::string>& classes() const;
  // What isn't as in training, or was decided for you, a line each; grows with what is classified.
  const std::vector<std::string>& notes() const;

  // The faces of an image, largest first. Files: JPEG, PNG, BMP, WebP, TIFF, PPM.
  std::vector<Face> classify_file(const std::string& path);
  std::vector<Face> classify(const Pixels& image);
  // A frame of a film or a camera, which shows more than a cropped face: where the network was trained on
  // whole faces, they are found in it, without find_faces too. Where it was trained on headsets or what lies
  // below one, there are no eyes to find a face by, and the whole frame is taken for it; give `box` where the
  // face is a part of it.
  std::vector<Face> classify_frame(const Pixels& frame);
  // Of several images, whose faces share batches.
  std::vector<std::vector<Face>> classify(std::span<const Pixels> images);

 private:
  class Implementation;
  std::unique_ptr<Implementation> implementation_;
};

}  // namespace poster

// From images to expressions with a trained network: finding faces, showing the network what it was trained
// on, and reading its answer.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "io/checkpoint/checkpoint.h"
#include "io/face/face_finder.h"
#include "io/face/preparation.h"
#include "io/image/image.h"
#include "io/recipe/recipe.h"
#include "model/predictor.h"

namespace poster {

struct FaceClassifierOptions {
  io::Recipe recipe;     // how an image is brought to the network's size
  io::ViewOptions view;  // what the network sees of a face
  // In the order of the outputs, as output_names gives them (io/checkpoint/class_names.h); shorter, or
  // empty: the rest is named by number.
  std::vector<std::string> classes;

  // Images. Without: each is one face, cropped as the images of training were. With: every face of at
  // least `smallest` pixels that the detector (io/face/face_finder.h) finds, cropped squarely with `margin`.
  bool find_faces = false;
  // The same for frames of films and cameras, which show more than one cropped face. Where nobody says, faces
  // are found where the view is the whole face; what lies below a headset has no eyes to be found by, and the
  // whole frame is taken, or the box.
  std::optional<bool> find_faces_in_frames = std::nullopt;
  // Where the one face is, in every image and frame, cropped with `margin`: nothing is looked for then.
  std::optional<io::FaceBox> box = std::nullopt;
  std::string detector = "cascade";
  double margin = 0;
  bool square = true;  // the crop
  int size = 0;        // and its shorter side is reduced to it where it is larger, in pixels; 0: it isn't
  double smallest = 24;

  bool allow_partial = false;  // take the weights that fit, leave the others as they are drawn for training

  int batch = 1;           // faces that go through the network together, 1 or more
  bool attention = false;  // keep where the class token looks

  // What the network was trained with, where the file says it: anything else is told, once each.
  std::optional<io::ViewOptions> trained_view = std::nullopt;
  std::optional<io::ResizeMode> trained_resize = std::nullopt;
  std::function<void(const std::string& line)> say = {};
};

// The rule above: whether faces are found in frames.
bool finds_faces_in_frames(const FaceClassifierOptions& options);

// Whether a box that was given for every image names pixels of this one only.
bool box_lies_within(const io::FaceBox& box, const io::Image& image);

// As the checkpoint was trained and evaluated, and its images prepared before; of a file without settings,
// the recipe "augmented", the full view and no class names.
FaceClassifierOptions classifier_options(const Checkpoint& checkpoint);

class FaceClassifier {
 public:
  struct NamedImage {
    const io::Image* image;
    std::string path;  // its last two parts choose the images that a mixed view paints (io/face/face_view.h)
    bool frame = false;  // of a film or a camera
  };
  struct Face {
    io::FaceBox box;                        // in the input; all of it without face finding
    int label = 0;                          // index of the largest probability
    std::vector<float> probabilities = {};  // by output
    // With attention: what the class token of the last block takes from each place of a grid over `seen`, row
    // by row, summed over the three levels, and from itself; together 1.
    std::vector<float> attention = {};
    float own_attention = 0;
    std::string other_view = {};  // what the network was shown, where that isn't the view of its training
    io::Image seen = {};          // with attention: what the network saw, before normalisation
  };

  // `device` must outlive it. Throws Error: weights that don't fit, a detector or texture that isn't there,
  // more class names than outputs.
  FaceClassifier(const Checkpoint& checkpoint, Device& device, const FaceClassifierOptions& options);

  // By output; "class 3" where nobody has named it.
  const std::vector<std::string>& classes() const { return classes_; }
  const FaceClassifierOptions& options() const { return options_; }
  // "747/747 tensors", and what didn't fit.
  const std::string& weights() const { return weights_; }

  // An image that lies in a folder which a program has prepared (io/face/preparation.h) isn't cut or painted
  // a second time.
  //
  // The faces of each input, largest first; none where none was found. Throws Error for an empty input, a
  // box beside it, and a network whose answer is no number.
  std::vector<std::vector<Face>> classify(std::span<const NamedImage> inputs);
  std::vector<Face> classify(const io::Image& image, const std::string& path);

 private:
  void find(const NamedImage& input, std::vector<Face>& faces, std::vector<io::Image>& prepared);
  io::FaceFinder& finder();
  void crop(const NamedImage& input, const io::FaceBox& box, std::vector<Face>& faces,
            std::vector<io::Image>& prepared);
  // Brings the face to what the network sees; `place`: where it is in `face`.
  io::Image show(const NamedImage& input, const io::Image& face, std::optional<io::FaceBox> place,
                 Face& shown);
  const std::optional<io::Preparation>& preparation_of(const NamedImage& input);
  void say_once(const std::string& line);
  void predict(std::span<Face* const> faces, std::span<const io::Image> prepared);

  FaceClassifierOptions options_;
  io::ViewMaker view_;
  std::unique_ptr<io::FaceFinder> finder_, view_finder_;
  std::string weights_;
  int side_;  // of the images that the network is given
  Predictor predictor_;
  std::vector<std::string> classes_;
  std::vector<float> input_;
  std::unordered_map<std::string, std::optional<io::Preparation>> preparations_;  // by folder
  std::set<std::string> said_;
};

}  // namespace poster

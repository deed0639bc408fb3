// Finds faces in images.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "io/face/face_box.h"
#include "io/image/image.h"

namespace poster::io {

// Not for several threads at once: one each. The result depends on the image alone.
class FaceFinder {
 public:
  virtual ~FaceFinder() = default;

  // Largest first; of equal ones the upper, then the left one. With eyes where they were found. Boxes may
  // reach beyond the image. Empty when there is no face.
  virtual std::vector<FaceBox> find(const Image& image) = 0;
};

// detector  "cascade": OpenCV's frontal face and eye cascades, from the package opencv-data. Where there are
//           faces of a fifth of the image's longer side, smaller ones are not looked for
//           a path that ends in .onnx: a YuNet model (face_detection_yunet_*.onnx of OpenCV's model zoo)
// Throws poster::Error: another name, a missing or damaged file, a model that isn't YuNet.
std::unique_ptr<FaceFinder> make_face_finder(const std::string& detector);

// Which face of an image to take.
enum class FaceRule {
  one,      // there is one
  several,  // there are more: the largest is taken
  tiny,     // there are only faces smaller than the smallest side asked for; none is taken
  none,     // there is none
};

struct ChosenFace {
  FaceRule rule = FaceRule::none;
  FaceBox box;  // for one and several
};

// The largest of `faces` (ordered as find() gives them) whose shorter side has min_side pixels or more. Tiny
// ones beside it don't count as several.
ChosenFace choose_face(const std::vector<FaceBox>& faces, double min_side);

}  // namespace poster::io

#include "io/face/face_finder.h"

#include <algorithm>
#include <cmath>
#include <opencv2/imgproc.hpp>

#include "engine/error.h"
#include "io/codec/opencv_log.h"
#include "io/face/face_finders.h"

namespace poster::io {
std::unique_ptr<FaceFinder> make_face_finder(const std::string& detector) {
  silence_opencv();
  if (detector == "cascade") return make_cascade_finder();
  if (detector.ends_with(".onnx")) return make_yunet_finder(detector);
  throw Error("no face detector is called '" + detector +
              "'; give cascade, or the path of a YuNet model that ends in .onnx");
}

ChosenFace choose_face(const std::vector<FaceBox>& faces, double min_side) {
  const auto tiny = [&](const FaceBox& face) { return std::min(face.width, face.height) < min_side; };
  const auto large = std::ranges::find_if_not(faces, tiny);
  if (large == faces.end()) return {faces.empty() ? FaceRule::none : FaceRule::tiny, {}};
  const auto count = faces.size() - static_cast<std::size_t>(std::ranges::count_if(faces, tiny));
  return {count == 1 ? FaceRule::one : FaceRule::several, *large};
}

SearchImage search_image(const Image& image, int conversion, int longest, double border) {
  if (image.width < 1 || image.height < 1) throw Error("an empty image reached a face detector");
  // OpenCV has no view of constant pixels; these are only read.
  const cv::Mat rgb(image.height, image.width, CV_8UC3, const_cast<std::uint8_t*>(image.rgb.data()));
  const int side = std::max(image.width, image.height);
  SearchImage result;
  double& scale = result.scale.scale;
  scale = std::min(1.0, static_cast<double>(longest) / side);
  cv::cvtColor(rgb, result.pixels, conversion);
  if (scale < 1) {
    const auto scaled = [&](int length) {
      return std::max(1, static_cast<int>(std::lround(length * scale)));
    };
    cv::resize(result.pixels, result.pixels, {scaled(image.width), scaled(image.height)}, 0, 0,
               cv::INTER_AREA);
  }
  const int added = static_cast<int>(std::lround(border * std::max(result.pixels.cols, result.pixels.rows)));
  result.scale.border = added;
  if (added > 0)
    cv::copyMakeBorder(result.pixels, result.pixels, added, added, added, added, cv::BORDER_REPLICATE);
  return result;
}

}  // namespace poster::io

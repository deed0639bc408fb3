// YuNet (Wu, Peng and Yu, "YuNet: A Tiny Millisecond-level Face Detector", 2023) by OpenCV's FaceDetectorYN.
#include <algorithm>
#include <cmath>
#include <filesystem>
#include <opencv2/imgproc.hpp>
#include <opencv2/objdetect.hpp>

#include "engine/error.h"
#include "io/codec/opencv_error.h"
#include "io/face/face_finders.h"

namespace poster::io {
namespace {

constexpr int kYunetLongestSide = 640;  // the model was trained for faces of 10 to 300 pixels
constexpr int kMinImage = 32;           // its coarsest maps have a pixel for so many
constexpr double kYunetBorder = 0.2;
constexpr float kScore = 0.7f, kOverlap = 0.3f;
constexpr int kMaxFaces = 5000;

std::string unfit(const std::string& path) {
  return path + ": not a YuNet model that OpenCV " + CV_VERSION +
         " runs; OpenCV before 4.8 needs face_detection_yunet_2022mar.onnx, "
         "later ones face_detection_yunet_2023mar.onnx, both of OpenCV's model zoo";
}

class YunetFinder : public FaceFinder {
 public:
  explicit YunetFinder(const std::string& path) : path_(path) {
    std::error_code error;
    if (!std::filesystem::is_regular_file(path, error))
      throw Error(path + ": no such file; give the path of a YuNet model of OpenCV's model zoo");
    try {
      detector_ = cv::FaceDetectorYN::create(path, "", {320, 320}, kScore, kOverlap, kMaxFaces);
    } catch (const cv::Exception& error_of_model) {
      rethrow_out_of_memory(error_of_model, "reading", path);
      throw Error(unfit(path));
    }
    find(Image(320, 320));  // a model of another kind is told by its outputs only
  }

  std::vector<FaceBox> find(const Image& image) override {
    const SearchImage search = search_image(image, cv::COLOR_RGB2BGR, kYunetLongestSide, kYunetBorder);
    if (std::min(search.pixels.cols, search.pixels.rows) < kMinImage) return {};
    cv::Mat rows;
    try {
      detector_->setInputSize(search.pixels.size());
      detector_->detect(search.pixels, rows);
    } catch (const cv::Exception& error) {
      rethrow_out_of_memory(error, "finding faces with", path_);
      throw Error(unfit(path_));
    }
    if (!rows.empty() && (rows.cols != 15 || rows.type() != CV_32F)) throw Error(unfit(path_));
    std::vector<FaceBox> faces;
    for (int i = 0; i < rows.rows; ++i) {
      const FaceBox face = face_from_yunet(std::span<const float, 15>(rows.ptr<float>(i), 15), search.scale);
      if (std::isfinite(face.left + face.top + face.width + face.height) && face.width > 0 && face.height > 0)
        faces.push_back(face);
    }
    sort_faces(faces);
    return faces;
  }

 private:
  std::string path_;
  cv::Ptr<cv::FaceDetectorYN> detector_;
};

}  // namespace

std::unique_ptr<FaceFinder> make_yunet_finder(const std::string& path) {
  return std::make_unique<YunetFinder>(path);
}

}  // namespace poster::io

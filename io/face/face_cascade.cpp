// OpenCV's cascades of boosted Haar features (Viola and Jones 2001; Lienhart and Maydt 2002).
#include <algorithm>
#include <array>
#include <filesystem>
#include <opencv2/imgproc.hpp>
#include <opencv2/objdetect.hpp>

#include "engine/error.h"
#include "io/codec/opencv_error.h"
#include "io/face/face_finders.h"
#include "io/format/input_file.h"
#include "kernels/environment.h"

namespace poster::io {
namespace {

namespace fs = std::filesystem;

constexpr int kLongestSide = 640;  // faces of a 20th of it are still found
// Faces that fill their image are found in a wider one.
constexpr double kBorder = 0.2;
constexpr double kScaleStep = 1.1;
constexpr int kNeighbours = 5, kEyeNeighbours = 3;
constexpr int kMinFace = 30;
constexpr double kLargeFace = 0.2;  // of the search image's longer side
constexpr int kEyeFaceWidth = 160;  // pixels that eyes are looked for in
constexpr double kEyePart = 0.6;    // of the face box, from its top

// POSTER_CASCADES names another folder.
fs::path cascade_folder() {
  const char* const given = environment(Variable::cascades);
  if (given && *given) return given;
  for (const char* folder : {"/usr/share/opencv4/haarcascades", "/usr/local/share/opencv4/haarcascades",
                             "/usr/share/opencv/haarcascades"})
    if (std::error_code error; fs::is_directory(folder, error)) return folder;
  return "/usr/share/opencv4/haarcascades";
}

cv::CascadeClassifier load(const char* name) {
  const std::string path = (cascade_folder() / name).string();
  std::error_code error;
  if (!fs::exists(path, error))
    throw Error(path +
                ": no such cascade; install the package opencv-data, or name its folder in POSTER_CASCADES");
  const InputFile regular(path);  // OpenCV would wait for a pipe
  cv::CascadeClassifier cascade;
  bool loaded = false;
  try {
    loaded = cascade.load(path);
  } catch (const cv::Exception& failure) {
    rethrow_out_of_memory(failure, "reading", path);
  }
  if (!loaded) throw Error(path + ": not a cascade that OpenCV reads; install the package opencv-data again");
  return cascade;
}

class CascadeFinder : public FaceFinder {
 public:
  std::vector<FaceBox> find(const Image& image) override {
    const SearchImage search = search_image(image, cv::COLOR_RGB2GRAY, kLongestSide, kBorder);
    const SearchScale& at = search.scale;
    cv::Mat even;
    cv::equalizeHist(search.pixels, even);
    // Most of the time goes into small faces, so they are looked for only where there is no large one.
    std::vector<cv::Rect> boxes;
    const int large = static_cast<int>(kLargeFace * std::max(even.cols, even.rows));
    for (const int smallest : {std::max(large, kMinFace), kMinFace})
      if (boxes.empty())
        face_.detectMultiScale(even, boxes, kScaleStep, kNeighbours, 0, {smallest, smallest});
    std::vector<FaceBox> faces;
    for (const cv::Rect& box : boxes) {
      FaceBox face{at.x(box.x), at.y(box.y), at.length(box.width), at.length(box.height)};
      const Point middle{face.left + face.width / 2, face.top + face.height / 2};
      if (middle.x < 0 || middle.y < 0 || middle.x > image.width || middle.y > image.height) continue;
      face.eyes = find_eyes(search, box, face);
      faces.push_back(face);
    }
    sort_faces(faces);
    return faces;
  }

 private:
  // The cascade for bare eyes first, then the one for eyes behind glasses.
  std::optional<Eyes> find_eyes(const SearchImage& image, const cv::Rect& box, const FaceBox& face) {
    const cv::Rect part = cv::Rect(box.x, box.y, box.width, static_cast<int>(box.height * kEyePart)) &
                          cv::Rect(0, 0, image.pixels.cols, image.pixels.rows);
    if (part.empty()) return std::nullopt;
    const SearchScale& at = image.scale;
    const double zoom = static_cast<double>(kEyeFaceWidth) / box.width;
    cv::Mat upper;
    cv::resize(image.pixels(part), upper, {}, zoom, zoom, cv::INTER_LINEAR);
    cv::equalizeHist(upper, upper);
    for (cv::CascadeClassifier& cascade : eyes_) {
      std::vector<cv::Rect> found;
      cascade.detectMultiScale(upper, found, 1.05, kEyeNeighbours, 0, {20, 20}, {70, 70});
      std::vector<FaceBox> candidates;
      candidates.reserve(found.size());
      for (const cv::Rect& eye : found)
        candidates.push_back({at.x(part.x + eye.x / zoom), at.y(part.y + eye.y / zoom),
                              at.length(eye.width / zoom), at.length(eye.height / zoom)});
      sort_faces(candidates);
      if (const auto eyes = choose_eyes(face, candidates)) return eyes;
    }
    return std::nullopt;
  }

  cv::CascadeClassifier face_ = load("haarcascade_frontalface_default.xml");
  std::array<cv::CascadeClassifier, 2> eyes_ = {load("haarcascade_eye.xml"),
                                                load("haarcascade_eye_tree_eyeglasses.xml")};
};

}  // namespace

std::unique_ptr<FaceFinder> make_cascade_finder() { return std::make_unique<CascadeFinder>(); }

}  // namespace poster::io

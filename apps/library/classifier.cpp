#include "poster/classifier.h"

#include <algorithm>
#include <cstring>

#include "engine/error.h"
#include "io/checkpoint/class_names.h"
#include "io/classifier/face_classifier.h"
#include "io/codec/image_reader.h"
#include "io/device/open_device.h"

namespace poster {
namespace {

FaceClassifierOptions resolved(const Checkpoint& checkpoint, const ClassifierOptions& given) {
  FaceClassifierOptions options = classifier_options(checkpoint);
  options.find_faces = given.find_faces;
  options.detector = given.detector;
  if (given.box)
    options.box = io::FaceBox{given.box->left, given.box->top, given.box->width, given.box->height};
  options.batch = given.batch;
  options.attention = given.attention;
  options.classes = output_names(checkpoint, given.classes, given.rename_classes, "classes");
  return options;
}

io::Image image_of(const Pixels& pixels) {
  if (!pixels.rgb || pixels.width < 1 || pixels.height < 1 || pixels.width > io::kMaxImageSide ||
      pixels.height > io::kMaxImageSide || std::int64_t{pixels.width} * pixels.height > io::kMaxImagePixels)
    throw Error("an image of " + std::to_string(pixels.width) + "x" + std::to_string(pixels.height) +
                " pixels; give one with pixels, within " + std::to_string(io::kMaxImageSide) + " a side");
  const std::int64_t row = 3 * std::int64_t{pixels.width}, stride = pixels.stride == 0 ? row : pixels.stride;
  if (stride < row)
    throw Error("rows of " + std::to_string(row) + " bytes that lie " + std::to_string(stride) +
                " bytes apart; give the distance between rows in bytes");
  io::Image image(pixels.width, pixels.height);
  for (int y = 0; y < pixels.height; ++y)
    std::memcpy(image.row(y), pixels.rgb + y * stride, static_cast<std::size_t>(row));
  return image;
}

std::vector<Face> faces_of(const std::vector<FaceClassifier::Face>& found) {
  std::vector<Face> faces;
  faces.reserve(found.size());
  for (const FaceClassifier::Face& face : found)
    faces.push_back({.left = face.box.left,
                     .top = face.box.top,
                     .width = face.box.width,
                     .height = face.box.height,
                     .label = face.label,
                     .probabilities = face.probabilities,
                     .attention = face.attention,
                     .other_view = face.other_view});
  return faces;
}

}  // namespace

class Classifier::Implementation {
 public:
  Implementation(const Checkpoint& checkpoint, const ClassifierOptions& options)
      : device_(
            io::open_device(options.device, options.threads, precision_by_name(options.precision), notes)),
        classifier(checkpoint, device_, saying(resolved(checkpoint, options))) {}

  void note(const std::string& line) {
    if (std::find(notes.begin(), notes.end(), line) == notes.end()) notes.push_back(line);
  }

  std::vector<std::string> notes;

 private:
  FaceClassifierOptions saying(FaceClassifierOptions options) {
    options.say = [this](const std::string& line) { note(line); };
    return options;
  }
  Device device_;

 public:
  FaceClassifier classifier;
};

Classifier::Classifier(const std::string& checkpoint, const ClassifierOptions& options)
    : implementation_(std::make_unique<Implementation>(Checkpoint(checkpoint), options)) {}
Classifier::~Classifier() = default;
Classifier::Classifier(Classifier&&) noexcept = default;
Classifier& Classifier::operator=(Classifier&&) noexcept = default;

const std::vector<std::string>& Classifier::classes() const { return implementation_->classifier.classes(); }

const std::vector<std::string>& Classifier::notes() const { return implementation_->notes; }

std::vector<Face> Classifier::classify_file(const std::string& path) {
  return faces_of(implementation_->classifier.classify(io::read_image(path), path));
}

std::vector<Face> Classifier::classify(const Pixels& image) { return classify(std::span(&image, 1)).front(); }

std::vector<Face> Classifier::classify_frame(const Pixels& frame) {
  const FaceClassifierOptions& options = implementation_->classifier.options();
  if (!options.box && !finds_faces_in_frames(options))
    implementation_->note(
        std::string("the whole of each frame is taken for the face, since the network's view is ") +
        io::view_name(options.view.view) + "; a box says where the face is");
  const io::Image image = image_of(frame);
  const FaceClassifier::NamedImage input{&image, "", /*frame=*/true};
  return faces_of(implementation_->classifier.classify(std::span(&input, 1)).front());
}

std::vector<std::vector<Face>> Classifier::classify(std::span<const Pixels> images) {
  std::vector<io::Image> copies;
  for (const Pixels& image : images) copies.push_back(image_of(image));
  std::vector<FaceClassifier::NamedImage> named;
  named.reserve(copies.size());
  for (const io::Image& image : copies) named.push_back({&image, ""});
  std::vector<std::vector<Face>> result;
  for (const auto& found : implementation_->classifier.classify(named)) result.push_back(faces_of(found));
  return result;
}

}  // namespace poster

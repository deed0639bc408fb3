#include "io/face/viewed_dataset.h"

#include <utility>

namespace poster::io {

ViewedDataset::ViewedDataset(const Dataset& source, const ViewOptions& options)
    : source_(source), view_(options), finds_faces_(options.view != View::full && !options.detector.empty()) {
  classes_ = source.classes();
  if (finds_faces_) finders_.push_back(make_face_finder(options.detector));
}

Image ViewedDataset::load(std::int64_t index) const {
  Image image = source_.load(index);
  const ViewOptions& options = view_.options();
  if (options.view == View::full) return image;
  const std::uint64_t key = view_key(source_.path(index));
  if (options.view == View::headset && !is_painted(options, key)) return image;
  return view_.apply(image, key, find_face(image));
}

// A finder serves one thread at a time; as many are made as threads ask at once.
std::optional<FaceBox> ViewedDataset::find_face(const Image& image) const {
  if (!finds_faces_) return std::nullopt;
  std::unique_ptr<FaceFinder> finder;
  {
    const std::lock_guard lock(mutex_);
    if (!finders_.empty()) {
      finder = std::move(finders_.back());
      finders_.pop_back();
    }
  }
  if (!finder) finder = make_face_finder(view_.options().detector);
  const auto faces = finder->find(image);
  const std::lock_guard lock(mutex_);
  finders_.push_back(std::move(finder));
  if (faces.empty()) return std::nullopt;
  return faces.front();
}

}  // namespace poster::io

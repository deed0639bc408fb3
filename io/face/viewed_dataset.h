// A data set seen through a view (io/face/face_view.h): each image is changed as it is loaded, before it is
// resized, so that whatever keeps or augments images later sees the view alone.
#pragma once

#include <memory>
#include <mutex>
#include <vector>

#include "io/data/dataset.h"
#include "io/face/face_finder.h"
#include "io/face/face_view.h"

namespace poster::io {

class ViewedDataset : public Dataset {
 public:
  // Keeps a reference to `source`. Throws poster::Error for options that ViewMaker or the detector refuses.
  ViewedDataset(const Dataset& source, const ViewOptions& options);

  std::int64_t size() const override { return source_.size(); }
  std::int32_t label(std::int64_t index) const override { return source_.label(index); }
  std::string path(std::int64_t index) const override { return source_.path(index); }
  // The image's key is view_key(path).
  Image load(std::int64_t index) const override;

  const ViewOptions& view() const { return view_.options(); }

 private:
  std::optional<FaceBox> find_face(const Image& image) const;

  const Dataset& source_;
  ViewMaker view_;
  bool finds_faces_;
  mutable std::mutex mutex_;
  mutable std::vector<std::unique_ptr<FaceFinder>> finders_;  // those not in use
};

}  // namespace poster::io

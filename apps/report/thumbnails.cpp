#include "apps/report/thumbnails.h"

#include <filesystem>
#include <memory>

#include "engine/error.h"
#include "io/codec/image_reader.h"
#include "io/data/augmentation.h"
#include "io/data/dataset.h"
#include "io/face/viewed_dataset.h"
#include "io/image/resize.h"

namespace poster {
namespace {

class ImageFiles : public io::Dataset {
 public:
  explicit ImageFiles(const std::vector<std::string>& paths) : paths_(paths) {}
  std::int64_t size() const override { return std::ssize(paths_); }
  std::int32_t label(std::int64_t) const override { return 0; }
  std::string path(std::int64_t index) const override { return paths_[static_cast<std::size_t>(index)]; }
  io::Image load(std::int64_t index) const override { return io::read_image(path(index)); }

 private:
  const std::vector<std::string>& paths_;
};

Thumbnail thumbnail_of(const io::Image& seen, const io::Recipe& recipe) {
  const io::Image prepared = io::prepare_image(seen, recipe);
  const int side = std::max(prepared.width / 2, 1);
  const auto jpeg = io::encode_image(io::resize(prepared, side, side), "thumbnail.jpg");
  return {.name = {}, .jpeg = {jpeg.begin(), jpeg.end()}, .width = side, .height = side, .lines = {}};
}

Thumbnail missing(const std::string& why) { return {.name = {}, .jpeg = {}, .lines = {}, .missing = why}; }

}  // namespace

std::vector<Thumbnail> make_thumbnails(const std::vector<std::string>& paths, const io::Recipe& recipe,
                                       const io::ViewOptions& view) {
  std::vector<Thumbnail> thumbnails;
  const ImageFiles files(paths);
  std::unique_ptr<io::ViewedDataset> views;
  try {
    views = std::make_unique<io::ViewedDataset>(files, view);
  } catch (const Error& error) {
    thumbnails.assign(paths.size(), missing(error.what()));
    return thumbnails;
  }
  for (std::size_t i = 0; i < paths.size(); ++i) {
    std::error_code ignored;
    try {
      thumbnails.push_back(!std::filesystem::exists(paths[i], ignored)
                               ? missing("gone")
                               : thumbnail_of(views->load(static_cast<std::int64_t>(i)), recipe));
    } catch (const Error& error) {
      thumbnails.push_back(missing(error.what()));
    }
  }
  return thumbnails;
}

}  // namespace poster

// What is done to one image: read, found its face, cut out, made smaller, seen as the view has it, encoded.
//
// The size comes before the view, so that the image of a view is the view of the image that --view full
// writes. An image that nothing changes, and that is upright in its file, keeps its bytes, if it is a JPEG
// or PNG. Others become JPEG (quality 95) when they were JPEG or WebP, else PNG.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "io/face/face_crop.h"
#include "io/face/face_finder.h"
#include "io/face/face_view.h"
#include "io/prepare/item.h"
#include "io/prepare/similarity.h"

namespace poster::prepare {

enum class Faces {
  none,           // whole images
  set,            // the set's boxes
  detect,         // what the detector finds
  set_or_detect,  // the set's boxes, and the detector's where it has none
};
enum class OnNoFace { skip, whole, fail };
enum class OutputFormat { automatic, jpg, png };

struct ImageOptions {
  Faces faces = Faces::none;
  std::string detector = "cascade";
  io::CropOptions crop;
  double min_face = 24;  // shorter side of a face's box, pixels
  OnNoFace on_no_face = OnNoFace::skip;
  int size =
      -1;  // the shorter side is reduced to it where it is larger; 0: never; -1: 448 where faces are cut out
  OutputFormat format = OutputFormat::automatic;
};

// The reason of an image that is left out because no face was found in it.
inline constexpr const char* kNoFace = "no face";

struct ProcessedImage {
  std::string reason, detail;  // why it is left out; empty: it isn't
  int orientation = 1;         // EXIF's, of the file
  std::optional<io::FaceBox> box;
  std::string face;           // "several", "tiny", "none": counted; empty: one, or none was looked for
  std::uint64_t content = 0;  // XXH64 of the file's bytes (of the pixels where they come in a table)
  Fingerprint print;          // of the upright image
  std::vector<std::uint8_t> bytes;
  std::string extension;  // ".jpg", ".png"
};

// Not for several threads at once: one each.
class ImageStep {
 public:
  ImageStep(const FileTree& tree, const ImageOptions& options, const io::ViewMaker& views);

  // `name`: CLASS/NAME in the output, which keys the view's choices. Throws poster::Error for OnNoFace::fail.
  ProcessedImage run(const Item& item, const std::string& name);

 private:
  io::FaceRule find_face(const Item& item, const io::Image& image, io::FaceBox& box);
  void encode(const Item& item, const io::Image& image, const std::string& name,
              const std::vector<std::uint8_t>& original, ProcessedImage& result);

  TreeReader reader_;
  const ImageOptions& options_;
  const io::ViewMaker& views_;
  std::unique_ptr<io::FaceFinder> finder_;  // made when it is needed first
};

}  // namespace poster::prepare

#include "io/prepare/image_step.h"

#include <algorithm>
#include <new>

#include "engine/error.h"
#include "io/codec/image_header.h"
#include "io/codec/image_reader.h"
#include "io/format/checksum.h"

namespace poster::prepare {
namespace {

io::Image rgb_image(const GreyPixels& pixels) {
  io::Image image(pixels.width, pixels.height);
  for (std::size_t i = 0; i < pixels.values.size(); ++i) std::fill_n(&image.rgb[3 * i], 3, pixels.values[i]);
  return image;
}

bool overlaps(const io::FaceBox& box, const io::Image& image) {
  return box.left < image.width && box.top < image.height && box.left + box.width > 0 &&
         box.top + box.height > 0;
}

const char* rule_name(io::FaceRule rule) {
  switch (rule) {
    case io::FaceRule::one:
      return "";
    case io::FaceRule::several:
      return "several";
    case io::FaceRule::tiny:
      return "tiny";
    case io::FaceRule::none:
      break;
  }
  return "none";
}

}  // namespace

ImageStep::ImageStep(const FileTree& tree, const ImageOptions& options, const io::ViewMaker& views)
    : reader_(tree), options_(options), views_(views) {}

io::FaceRule ImageStep::find_face(const Item& item, const io::Image& image, io::FaceBox& box) {
  const bool own = options_.faces != Faces::detect && item.box && overlaps(*item.box, image);
  if (own) {
    box = *item.box;
    return std::min(box.width, box.height) < options_.min_face ? io::FaceRule::tiny : io::FaceRule::one;
  }
  if (options_.faces == Faces::set) return io::FaceRule::none;
  if (!finder_) finder_ = io::make_face_finder(options_.detector);
  const io::ChosenFace chosen = io::choose_face(finder_->find(image), options_.min_face);
  box = chosen.box;
  return chosen.rule;
}

ProcessedImage ImageStep::run(const Item& item, const std::string& name) {
  ProcessedImage result;
  std::vector<std::uint8_t> bytes;
  io::Image image;
  try {
    if (item.pixels.values.empty()) {
      bytes = reader_.read(item.file, static_cast<std::uint64_t>(io::kMaxImageFileBytes));
      result.orientation = io::inspect_image_header(bytes, item.file.source).orientation;
      image = io::decode_image(bytes, item.file.source);
    } else {
      image = rgb_image(item.pixels);
    }
  } catch (const Error& error) {
    result.reason = "unreadable";
    result.detail = error.what();
    return result;
  } catch (const std::bad_alloc&) {
    result.reason = "unreadable";
    result.detail = item.file.source + ": too large for the memory";
    return result;
  }
  const std::vector<std::uint8_t>& content = item.pixels.values.empty() ? bytes : item.pixels.values;
  result.content = io::xxh64(content.data(), content.size());
  result.print = fingerprint(image);
  encode(item, image, name, bytes, result);
  return result;
}

void ImageStep::encode(const Item& item, const io::Image& image, const std::string& name,
                       const std::vector<std::uint8_t>& original, ProcessedImage& result) {
  io::FaceCrop crop;
  bool cropped = false;
  if (options_.faces != Faces::none) {
    io::FaceBox box;
    const io::FaceRule rule = find_face(item, image, box);
    result.face = rule_name(rule);
    if (rule == io::FaceRule::one || rule == io::FaceRule::several) {
      result.box = box;
      try {
        crop = io::crop_face(image, box, options_.crop);
      } catch (const Error& error) {  // a box of a billion pixels, say
        result.reason = "a face's box that can't be cut out";
        result.detail = error.what();
        return;
      }
      cropped = true;
    } else if (options_.on_no_face == OnNoFace::fail) {
      throw Error(
          item.file.source + (rule == io::FaceRule::tiny ? ": only faces below --min-face" : ": no face") +
          "; leave such images out with --on-no-face skip, or take them whole with --on-no-face whole");
    } else if (options_.on_no_face == OnNoFace::skip) {
      result.reason = rule == io::FaceRule::tiny ? "only tiny faces" : kNoFace;
      return;
    }
  }
  if (!cropped) crop.image = image;
  const bool smaller = options_.size > 0 && std::min(crop.image.width, crop.image.height) > options_.size;
  crop = io::reduced(std::move(crop), options_.size);
  const io::Image& shown = crop.image;
  const std::optional<io::FaceBox> face = cropped ? std::optional(crop.face) : std::nullopt;

  const bool lossless = original.empty() || (original[0] != 0xFF && original[0] != 'R');  // JPEG, RIFF (WebP)
  const bool jpeg = !original.empty() && original[0] == 0xFF, png = !original.empty() && original[0] == 0x89;
  switch (options_.format) {
    case OutputFormat::automatic:
      result.extension = lossless ? ".png" : ".jpg";
      break;
    case OutputFormat::jpg:
      result.extension = ".jpg";
      break;
    case OutputFormat::png:
      result.extension = ".png";
      break;
  }
  const std::uint64_t key = io::view_key(name);
  const io::ViewOptions& view = views_.options();
  const bool seen =
      view.view == io::View::lower || (view.view == io::View::headset && io::is_painted(view, key));
  const bool same_format = result.extension == ".jpg" ? jpeg : png;
  if (!cropped && !smaller && !seen && same_format && result.orientation == 1)
    result.bytes = original;
  else
    result.bytes = io::encode_image(seen ? views_.apply(shown, key, face) : shown, name + result.extension);
}

}  // namespace poster::prepare

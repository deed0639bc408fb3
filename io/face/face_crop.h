// Cuts a face out of an image.
#pragma once

#include "io/face/face_box.h"
#include "io/image/image.h"

namespace poster::io {

struct CropOptions {
  double margin = 0;   // added on each of the four sides, as a share of the box's longer side; -0.4 to 4
  bool square = true;  // the shorter side is grown about the box's middle until it equals the longer one

  bool operator==(const CropOptions&) const = default;
};

struct FaceCrop {
  Image image;
  FaceBox face;  // where the face (and its eyes) is in `image`
};

// The region is rounded to whole pixels (at least one). What lies outside the image repeats its nearest
// edge pixel, so that the face stays where it is in the crop and a square stays square. Throws poster::Error
// for an empty image, a box that is empty, not finite or has no pixel in common with the image, a margin
// out of range, or a crop beyond the caps of io/codec/image_reader.h.
FaceCrop crop_face(const Image& image, const FaceBox& box, const CropOptions& options);

// The whole of an image as a crop: for images in which no face was found.
FaceCrop whole_image(const Image& image);

// The image with its shorter side at `size` pixels where it is longer (0: as it is), and the face with it.
FaceCrop reduced(FaceCrop crop, int size);

// Where the face is in a width x height image that was cropped squarely with this margin: all of it for 0.
FaceBox face_within(int width, int height, double margin);

}  // namespace poster::io

// Cairo in face coordinates (io/sample_faces/parameters.h): points lie on a head that is half an ellipsoid,
// are turned by yaw and pitch, and land in the image by roll, scale and position. Used by the face_*.cpp
// files alone.
#pragma once

#include <cairo.h>

#include <span>

#include "io/sample_faces/parameters.h"

namespace poster::faces {

struct Point {
  double x = 0, y = 0;
};
Point lerp(Point from, Point to, double amount);

// Where along the axis of sight a point lies: on the face (lifted off it by z), or at z itself; the middle of
// the head is 0, the tip of the nose about 0.8.
struct Depth {
  bool on_face = true;
  double z = 0;
};
inline constexpr Depth kOnFace{true, 0};
inline constexpr Depth at_depth(double z) { return {false, z}; }

class FaceCanvas {
 public:
  // size: the image's side in pixels; top: the image row that becomes row 0.
  FaceCanvas(cairo_t* cairo, const FacePose& pose, int size, double top);
  ~FaceCanvas();
  FaceCanvas(const FaceCanvas&) = delete;
  FaceCanvas& operator=(const FaceCanvas&) = delete;

  cairo_t* cairo() const { return cairo_; }
  const FacePose& pose() const { return pose_; }
  Point turned(Point point, Depth depth = kOnFace) const;

  // Add to the current path.
  void polygon(std::span<const Point> points, Depth depth = kOnFace);
  void smooth(std::span<const Point> points, bool closed, Depth depth = kOnFace);  // Catmull-Rom
  void ellipse(Point centre, double rx, double ry, double angle = 0, Depth depth = kOnFace);

  // Use up the current path. Widths are in face units.
  void fill(Colour colour, double alpha = 1);
  void stroke(Colour colour, double width, double alpha = 1);
  void clip();  // undone by unclip()
  void unclip();

  // Fills the current path with light falling along the pose's direction.
  void fill_lit(Colour colour, Point centre, double radius);
  // A soft spot: alpha in the middle, nothing at the rim.
  void spot(Point centre, double rx, double ry, Colour colour, double alpha, Depth depth = kOnFace);

 private:
  cairo_t* cairo_;
  const FacePose& pose_;
};

}  // namespace poster::faces

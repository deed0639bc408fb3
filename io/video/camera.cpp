#include "io/video/camera.h"

#include <string>

namespace poster::io {

Camera::Camera(int index)
    : camera_(live_library(("camera " + std::to_string(index)).c_str()).open_camera(index)) {}

}  // namespace poster::io

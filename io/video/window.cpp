#include "io/video/window.h"

#include "engine/error.h"
#include "kernels/environment.h"

namespace poster::io {
namespace {

bool is_set(Variable variable) {
  const char* const value = environment(variable);
  return value && *value;
}

}  // namespace

Window::Window(const std::string& title) {
  // Asked before OpenCV is: its toolkits end the program where there is no display.
  if (!is_set(Variable::display) && !is_set(Variable::wayland_display))
    throw Error(
        "there is no display for a window (DISPLAY and WAYLAND_DISPLAY are unset); "
        "use --annotate DIR to get the images as files");
  window_ = live_library("a window").open_window(title.c_str());
}

}  // namespace poster::io

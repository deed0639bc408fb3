#include "io/video/window.h"

#include <opencv2/highgui.hpp>
#include <opencv2/imgproc.hpp>

#include "engine/error.h"
#include "kernels/environment.h"

namespace poster::io {
namespace {

bool is_set(Variable variable) {
  const char* const value = environment(variable);
  return value && *value;
}

constexpr int kEscape = 27;

}  // namespace

Window::Window(const std::string& title) : title_(title) {
  // Asked before OpenCV is: its toolkits end the program where there is no display.
  if (!is_set(Variable::display) && !is_set(Variable::wayland_display))
    throw Error(
        "there is no display for a window (DISPLAY and WAYLAND_DISPLAY are unset); "
        "use --annotate DIR to get the images as files");
}

Window::~Window() {
  try {
    if (shown_) cv::destroyWindow(title_);
  } catch (const cv::Exception&) {
  }
}

bool Window::show(const Image& image) {
  try {
    cv::Mat bgr;
    cv::cvtColor(cv::Mat(image.height, image.width, CV_8UC3, const_cast<std::uint8_t*>(image.rgb.data())),
                 bgr, cv::COLOR_RGB2BGR);
    if (!shown_) cv::namedWindow(title_, cv::WINDOW_AUTOSIZE);
    shown_ = true;
    cv::imshow(title_, bgr);
    const int key = cv::waitKey(1) & 255;
    return key != 'q' && key != kEscape && cv::getWindowProperty(title_, cv::WND_PROP_VISIBLE) >= 1;
  } catch (const cv::Exception& error) {
    throw Error("the display cannot show a window (" + error.err + "); use --annotate DIR instead");
  }
}

}  // namespace poster::io

#include "io/video/camera.h"

#include <chrono>
#include <cmath>
#include <opencv2/imgproc.hpp>
#include <opencv2/videoio.hpp>
#include <string>

#include "engine/error.h"
#include "io/codec/opencv_log.h"

namespace poster::io {
namespace {

constexpr double kUnknownCameraRate = 25;
using Clock = std::chrono::steady_clock;

}  // namespace

struct Camera::Capture {
  cv::VideoCapture capture;
  cv::Mat frame;
  Clock::time_point first = {};
};

Camera::Camera(int index) : capture_(std::make_unique<Capture>()) {
  silence_opencv();
  const std::string number = std::to_string(index);
  if (!capture_->capture.open(index, cv::CAP_V4L2))
    throw Error("camera " + number +
                ": cannot be opened; check that it is connected and that you may use it (/dev/video" +
                number + ")");
}

Camera::Camera(Camera&&) noexcept = default;
Camera::~Camera() = default;

bool Camera::next(Frame& frame) {
  cv::Mat& mat = capture_->frame;
  if (!capture_->capture.read(mat) || mat.empty() || mat.type() != CV_8UC3) return false;
  const Clock::time_point now = Clock::now();
  if (capture_->first == Clock::time_point()) capture_->first = now;
  frame.time_s = std::chrono::duration<double>(now - capture_->first).count();
  frame.damaged = false;
  if (frame.image.width != mat.cols || frame.image.height != mat.rows)
    frame.image = Image(mat.cols, mat.rows);
  cv::cvtColor(mat, cv::Mat(mat.rows, mat.cols, CV_8UC3, frame.image.rgb.data()), cv::COLOR_BGR2RGB);
  return true;
}

double Camera::frames_per_second() const {
  const double rate = capture_->capture.get(cv::CAP_PROP_FPS);
  return std::isfinite(rate) && rate >= 1 && rate <= 1000 ? rate : kUnknownCameraRate;
}

}  // namespace poster::io

#include "io/live/camera.h"

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

class OpenCvCamera : public LiveCamera {
 public:
  explicit OpenCvCamera(int index) {
    silence_opencv();
    const std::string number = std::to_string(index);
    if (!capture_.open(index, cv::CAP_V4L2))
      throw Error("camera " + number +
                  ": cannot be opened; check that it is connected and that you may use it (/dev/video" +
                  number + ")");
  }

  bool next(Frame& frame) override {
    if (!capture_.read(mat_) || mat_.empty() || mat_.type() != CV_8UC3) return false;
    const Clock::time_point now = Clock::now();
    if (first_ == Clock::time_point()) first_ = now;
    frame.time_s = std::chrono::duration<double>(now - first_).count();
    frame.damaged = false;
    if (frame.image.width != mat_.cols || frame.image.height != mat_.rows)
      frame.image = Image(mat_.cols, mat_.rows);
    cv::cvtColor(mat_, cv::Mat(mat_.rows, mat_.cols, CV_8UC3, frame.image.rgb.data()), cv::COLOR_BGR2RGB);
    return true;
  }

  double frames_per_second() const override {
    const double rate = capture_.get(cv::CAP_PROP_FPS);
    return std::isfinite(rate) && rate >= 1 && rate <= 1000 ? rate : kUnknownCameraRate;
  }

 private:
  cv::VideoCapture capture_;
  cv::Mat mat_;
  Clock::time_point first_ = {};
};

}  // namespace

std::unique_ptr<LiveCamera> open_camera(int index) { return std::make_unique<OpenCvCamera>(index); }

}  // namespace poster::io

#include "io/live/window.h"

#include <opencv2/highgui.hpp>
#include <opencv2/imgproc.hpp>
#include <string>

#include "engine/error.h"

namespace poster::io {
namespace {

constexpr int kEscape = 27;

class OpenCvWindow : public LiveWindow {
 public:
  explicit OpenCvWindow(const char* title) : title_(title) {}
  ~OpenCvWindow() override {
    try {
      if (shown_) cv::destroyWindow(title_);
    } catch (const cv::Exception&) {
    }
  }
  OpenCvWindow(const OpenCvWindow&) = delete;
  OpenCvWindow& operator=(const OpenCvWindow&) = delete;

  bool show(const Image& image) override {
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

 private:
  std::string title_;
  bool shown_ = false;
};

}  // namespace

std::unique_ptr<LiveWindow> open_window(const char* title) { return std::make_unique<OpenCvWindow>(title); }

}  // namespace poster::io

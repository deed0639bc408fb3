#include "io/video/video.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <opencv2/core/utils/logger.hpp>
#include <opencv2/imgproc.hpp>
#include <opencv2/videoio.hpp>
#include <system_error>

#include "engine/error.h"

namespace poster::io {
namespace {

constexpr double kUnknownRate = 25;

// Its own messages on standard error say the same as our errors, in more lines.
void silence_opencv() { cv::utils::logging::setLogLevel(cv::utils::logging::LOG_LEVEL_SILENT); }

}  // namespace

struct VideoReader::Capture {
  cv::VideoCapture capture;
  cv::Mat frame;
};

VideoReader::VideoReader(std::unique_ptr<Capture> capture) : capture_(std::move(capture)) {}
VideoReader::VideoReader(VideoReader&&) noexcept = default;
VideoReader::~VideoReader() = default;

VideoReader VideoReader::file(const std::string& path) {
  silence_opencv();
  std::error_code error;
  if (!std::filesystem::exists(path, error)) throw Error(path + ": there is no such file; check the path");
  auto capture = std::make_unique<Capture>();
  // CAP_FFMPEG and CAP_GSTREAMER read files; CAP_IMAGES would take a path for a pattern of numbered pictures.
  for (int backend : {cv::CAP_FFMPEG, cv::CAP_GSTREAMER, cv::CAP_OPENCV_MJPEG})
    if (capture->capture.open(path, backend)) return VideoReader(std::move(capture));
  throw Error(path + ": cannot be read as a video; give a file that FFmpeg plays");
}

VideoReader VideoReader::camera(int index) {
  silence_opencv();
  auto capture = std::make_unique<Capture>();
  if (!capture->capture.open(index))
    throw Error("camera " + std::to_string(index) +
                ": cannot be opened; check that it is connected and that you may use it (/dev/video" +
                std::to_string(index) + ")");
  return VideoReader(std::move(capture));
}

bool VideoReader::next(Image& frame) {
  cv::Mat& mat = capture_->frame;
  if (!capture_->capture.read(mat) || mat.empty() || mat.type() != CV_8UC3) return false;
  if (frame.width != mat.cols || frame.height != mat.rows) frame = Image(mat.cols, mat.rows);
  cv::Mat rgb(mat.rows, mat.cols, CV_8UC3, frame.rgb.data());
  cv::cvtColor(mat, rgb, cv::COLOR_BGR2RGB);
  return true;
}

double VideoReader::frames_per_second() const {
  const double rate = capture_->capture.get(cv::CAP_PROP_FPS);
  return std::isfinite(rate) && rate >= 1 && rate <= 1000 ? rate : kUnknownRate;
}

struct VideoWriter::Stream {
  cv::VideoWriter writer;
  cv::Size size;
};

VideoWriter::VideoWriter(const std::filesystem::path& path, double frames_per_second)
    : path_(path), temporary_(path), frames_per_second_(frames_per_second) {
  silence_opencv();
  temporary_.replace_filename("." + path.filename().string());
}

VideoWriter::~VideoWriter() {
  if (!stream_) return;
  stream_->writer.release();
  std::error_code ignored;
  std::filesystem::remove(temporary_, ignored);
}

void VideoWriter::write(const Image& frame) {
  const cv::Size size(frame.width, frame.height);
  if (!stream_) {
    stream_ = std::make_unique<Stream>();
    stream_->size = size;
    if (!stream_->writer.open(temporary_.string(), cv::VideoWriter::fourcc('M', 'J', 'P', 'G'),
                              frames_per_second_, size))
      throw Error(path_.string() + ": cannot be written; check the folder and its permissions");
  }
  if (size != stream_->size)
    throw Error(path_.string() + ": a frame of another size than the first; give a video of one size");
  cv::Mat bgr;
  cv::cvtColor(cv::Mat(frame.height, frame.width, CV_8UC3, const_cast<std::uint8_t*>(frame.rgb.data())), bgr,
               cv::COLOR_RGB2BGR);
  stream_->writer.write(bgr);
}

void VideoWriter::close() {
  if (!stream_) return;
  stream_->writer.release();
  stream_.reset();
  std::error_code error;
  std::filesystem::rename(temporary_, path_, error);
  if (error) throw Error(path_.string() + ": cannot be written (" + error.message() + "); check the folder");
}

bool has_video_extension(const std::string& name) {
  std::string extension = std::filesystem::path(name).extension().string();
  std::ranges::transform(extension, extension.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  constexpr std::array kExtensions = {".avi", ".mp4",  ".mkv", ".mov", ".webm",
                                      ".mpg", ".mpeg", ".m4v", ".wmv"};
  return std::ranges::find(kExtensions, extension) != kExtensions.end();
}

}  // namespace poster::io

#include "apps/predict/drawings.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <span>

#include "apps/predict/own_mark.h"
#include "engine/error.h"
#include "io/codec/image_reader.h"
#include "io/format/new_file.h"
#include "io/image/resize.h"
#include "io/plot/annotation.h"
#include "io/plot/heat_map.h"

namespace poster {
namespace {

namespace fs = std::filesystem;

fs::path made(const std::string& folder, const char* option) {
  if (folder.empty()) return folder;
  std::error_code error;
  fs::create_directories(folder, error);
  if (error || !fs::is_directory(folder))
    throw Error(std::string(option) + " " + folder + ": the folder cannot be made; check the path");
  return folder;
}

// Whole, or not at all.
const fs::path& write(const fs::path& path, const io::Image& image) {
  std::vector<std::uint8_t> bytes = io::encode_image(image, path.string());
  mark_png(bytes);
  io::NewFile file(path);
  file.write_at(0, std::as_bytes(std::span(bytes)));
  file.take_name();
  return path;
}

// As large as fits, in the middle of black.
io::Image fitted(const io::Image& image, int width, int height) {
  const double scale =
      std::min(static_cast<double>(width) / image.width, static_cast<double>(height) / image.height);
  const int inner_width = std::clamp(static_cast<int>(std::lround(image.width * scale)), 1, width);
  const int inner_height = std::clamp(static_cast<int>(std::lround(image.height * scale)), 1, height);
  const io::Image inner = io::resize(image, inner_width, inner_height);
  io::Image result(width, height);
  const int left = (width - inner_width) / 2, top = (height - inner_height) / 2;
  for (int y = 0; y < inner_height; ++y)
    std::memcpy(result.pixel(left, top + y), inner.row(y), static_cast<std::size_t>(3) * inner_width);
  return result;
}

std::string size_text(int width, int height) { return std::to_string(width) + "x" + std::to_string(height); }

}  // namespace

Drawings::Drawings(const std::string& annotate, const std::string& attention,
                   const std::vector<std::string>& classes, const Telling& telling, Note note)
    : annotate_(made(annotate, "--annotate")),
      attention_(made(attention, "--attention")),
      classes_(classes),
      note_(std::move(note)),
      names_({annotate_, attention_}),
      telling_(telling) {}

std::vector<fs::path> Drawings::folders() const {
  std::vector<fs::path> result;
  for (const fs::path& folder : {annotate_, attention_})
    if (!folder.empty()) result.push_back(folder);
  return result;
}

const std::string& Drawings::name_of(const Input& input) {
  if (input.frame > 0 && input.path == last_path_) return last_name_;
  finish();
  last_path_ = input.path;
  last_name_ = names_.name_of(input.path);
  if (names_.met_earlier_files() && !told_of_earlier_) {
    told_of_earlier_ = true;
    note_((annotate_.empty() ? attention_ : annotate_).string() +
          ": files of an earlier run are kept; new ones of the same name get a number (" + last_name_ + ")");
  }
  return last_name_;
}

io::Image Drawings::annotated(const Input& input, const Found& found) const {
  std::vector<io::Annotation> faces;
  faces.reserve(found.faces.size());
  for (const auto& face : found.faces)
    faces.push_back({.left = face.box.left,
                     .top = face.box.top,
                     .width = face.box.width,
                     .height = face.box.height,
                     .lines = label_lines(face, classes_, telling_)});
  const std::size_t lines = std::min(telling_.top, classes_.size());
  return io::annotate(input.image, faces, input.frame < 0 ? 0 : static_cast<int>(lines));
}

void Drawings::add_frame(const Input& input, const io::Image& image, const std::string& name) {
  if (!film_) {
    film_path_ = annotate_ / (name + (io::can_write_mp4() ? ".mp4" : ".avi"));
    film_ = std::make_unique<io::FilmWriter>(film_path_, input.frames_per_second, kOwnMark);
    source_width_ = input.image.width;
    source_height_ = input.image.height;
    film_width_ = image.width;
    film_height_ = image.height;
    told_of_size_ = false;
  }
  if (image.width == film_width_ && image.height == film_height_) return film_->write(image);
  if (!told_of_size_)
    note_(input.path + ": frame " + std::to_string(input.frame) + " has " +
          size_text(input.image.width, input.image.height) + " pixels; the annotated film keeps " +
          size_text(source_width_, source_height_) + ", with black about it");
  told_of_size_ = true;
  film_->write(fitted(image, film_width_, film_height_));
}

void Drawings::add(const Input& input, const Found& found) {
  if (annotate_.empty() && attention_.empty()) return;
  const std::string name = name_of(input);
  if (!annotate_.empty()) {
    const io::Image image = annotated(input, found);
    if (input.frame < 0)
      annotated_files_.add(write(annotate_ / (name + ".png"), image));
    else
      add_frame(input, image, name);
  }
  if (attention_.empty()) return;
  for (std::size_t i = 0; i < found.faces.size(); ++i) {
    const auto& face = found.faces[i];
    std::string file = name;
    char number[32];
    std::snprintf(number, sizeof number, "-frame-%06lld", static_cast<long long>(input.frame));
    if (input.frame >= 0) file += number;
    if (found.faces.size() > 1) file += "-face-" + std::to_string(i + 1);
    attention_files_.add(write(attention_ / (file + ".png"), io::heat_figure(face.seen, face.attention)));
  }
}

void Drawings::finish() {
  if (!film_) return;
  const auto film = std::move(film_);
  film->close();
  annotated_files_.add(film_path_, /*is_film=*/true);
}

void Drawings::Written::add(const fs::path& path, bool is_film) {
  if (images + films == 0) first = path;
  ++(is_film ? films : images);
}

std::string Drawings::Written::line(const fs::path& folder) const {
  const auto counted = [](std::size_t count, const char* what) {
    return std::to_string(count) + " " + what + (count == 1 ? "" : "s");
  };
  if (images + films == 0) return folder.string() + ": nothing was written";
  if (images + films == 1) return "written: " + first.string();
  return "written to " + folder.string() + ": " + (images > 0 ? counted(images, "image") : "") +
         (images > 0 && films > 0 ? " and " : "") + (films > 0 ? counted(films, "film") : "") +
         ", the first is " + first.string();
}

void Drawings::say_what_was_written() const {
  if (!annotate_.empty()) note_(annotated_files_.line(annotate_));
  if (!attention_.empty()) note_(attention_files_.line(attention_));
}

}  // namespace poster

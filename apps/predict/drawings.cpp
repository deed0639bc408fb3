#include "apps/predict/drawings.h"

#include <cstdio>

#include "engine/error.h"
#include "io/annotation.h"
#include "io/image_reader.h"

namespace poster {
namespace {

namespace fs = std::filesystem;

void make_folder(const fs::path& folder, const char* option) {
  if (folder.empty()) return;
  std::error_code error;
  fs::create_directories(folder, error);
  if (error || !fs::is_directory(folder))
    throw Error(std::string(option) + " " + folder.string() + ": the folder cannot be made; check the path");
}

// Whole, or not at all.
void write(const fs::path& path, const io::Image& picture) {
  fs::path temporary = path;
  temporary.replace_filename("." + path.filename().string());
  std::error_code error;
  try {
    io::write_image(temporary.string(), picture);
    fs::rename(temporary, path);
  } catch (const fs::filesystem_error& e) {
    fs::remove(temporary, error);
    throw Error(path.string() + ": cannot be written (" + e.code().message() + "); check the folder");
  } catch (...) {
    fs::remove(temporary, error);
    throw;
  }
}

// "../a/b.jpg" becomes "a_b".
std::string flat_name(const std::string& path) {
  std::string name;
  fs::path whole(path);
  whole.replace_extension();
  for (const fs::path& part : whole) {
    const std::string text = part.string();
    if (text == "." || text == ".." || text == "/" || text.empty()) continue;
    name += (name.empty() ? "" : "_") + text;
  }
  constexpr std::size_t kLongest = 150;  // of the 255 bytes that a file's name may have
  return name.size() > kLongest ? name.substr(name.size() - kLongest) : name;
}

}  // namespace

Drawings::Drawings(const std::string& annotate, const std::string& attention,
                   const std::vector<std::string>& classes)
    : annotate_(annotate), attention_(attention), classes_(classes) {
  make_folder(annotate_, "--annotate");
  make_folder(attention_, "--attention");
}

std::string Drawings::name_of(const Input& input) {
  if (input.frame > 0 && input.path == last_path_) return last_name_;
  finish();
  last_path_ = input.path;
  last_name_ = flat_name(input.path);
  const int before = used_[last_name_]++;
  if (before > 0) last_name_ += "-" + std::to_string(before + 1);
  return last_name_;
}

io::Image Drawings::annotated(const Input& input, const Found& found) const {
  std::vector<io::Annotation> faces;
  for (const auto& face : found.faces)
    faces.push_back({.left = face.box.left,
                     .top = face.box.top,
                     .width = face.box.width,
                     .height = face.box.height,
                     .names = classes_,
                     .shares = {face.probabilities.begin(), face.probabilities.end()}});
  return io::annotate(input.image, faces);
}

void Drawings::add(const Input& input, const Found& found) {
  if (annotate_.empty() && attention_.empty()) return;
  const std::string name = name_of(input);
  if (!annotate_.empty()) {
    if (input.frame < 0) {
      write(annotate_ / (name + ".png"), annotated(input, found));
    } else {
      if (!video_)
        video_ = std::make_unique<io::VideoWriter>(annotate_ / (name + ".avi"), input.frames_per_second);
      video_->write(annotated(input, found));
    }
  }
  if (attention_.empty()) return;
  for (std::size_t i = 0; i < found.faces.size(); ++i) {
    const auto& face = found.faces[i];
    std::string file = name;
    char number[32];
    std::snprintf(number, sizeof number, "-frame-%06lld", static_cast<long long>(input.frame));
    if (input.frame >= 0) file += number;
    if (found.faces.size() > 1) file += "-face-" + std::to_string(i + 1);
    write(attention_ / (file + ".png"), io::heat_map(face.seen, face.attention));
  }
}

void Drawings::finish() {
  if (!video_) return;
  video_->close();
  video_.reset();
}

}  // namespace poster

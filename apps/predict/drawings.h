// Pictures and videos that poster_predict writes.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "apps/predict/format.h"
#include "apps/predict/inputs.h"
#include "io/video/video.h"

namespace poster {

class Drawings {
 public:
  // Folders for pictures with boxes and bars, and for heat maps; empty: none. They are made. Throws Error.
  Drawings(const std::string& annotate, const std::string& attention,
           const std::vector<std::string>& classes);

  // Writes what is asked for: of a picture a/b.jpg, ANNOTATE/a_b.png; of a video a/b.mp4, ANNOTATE/a_b.avi,
  // whole when the next input comes; of each face, ATTENTION/a_b.png, or a_b-frame-000012-face-2.png. Of two
  // inputs of the same name the later one gets a number.
  void add(const Input& input, const Found& found);
  // Ends the video in hand.
  void finish();

  io::Image annotated(const Input& input, const Found& found) const;

 private:
  std::string name_of(const Input& input);

  std::filesystem::path annotate_, attention_;
  std::vector<std::string> classes_;
  std::map<std::string, int> used_;  // names, and how often
  std::string last_path_, last_name_;
  std::unique_ptr<io::VideoWriter> video_;
};

}  // namespace poster

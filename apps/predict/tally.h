// What poster_predict has seen, counted for the end.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "apps/predict/format.h"

namespace poster {

class Tally {
 public:
  Tally(const std::vector<std::string>& classes, const Telling& telling);

  // `read_ms`: the part of found.ms that went into reading and decoding.
  void add(const Found& found, double read_ms);

  // A table of counts: images and frames, faces by class, uncertain ones, images without a face; and the mean
  // times of one image.
  std::string summary() const;

  // Images (frames aside) without a face by the folder that they lie in, which in a data set is their class;
  // empty when each has one.
  std::string without_face() const;

 private:
  struct Folder {
    std::size_t images = 0, without_face = 0;
  };

  const std::vector<std::string>& classes_;
  Telling telling_;
  std::vector<std::size_t> faces_;  // by class
  std::size_t images_ = 0, frames_ = 0, uncertain_ = 0, without_face_ = 0;
  double read_ms_ = 0, ms_ = 0;
  std::map<std::string, Folder> folders_;
};

}  // namespace poster

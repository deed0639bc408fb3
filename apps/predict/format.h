// How poster_predict tells what it found.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "io/classifier/face_classifier.h"

namespace poster {

enum class Format { text, json, csv };

// One image or frame.
struct Found {
  std::string path;
  std::int64_t frame = -1;  // -1: an image
  double time_s = 0;        // of a frame
  bool damaged = false;     // a frame with errors in it
  std::vector<FaceClassifier::Face> faces;
  double ms = 0;  // from the file to its labels; of a batch, the image's part of it
};

// What of an answer is told.
struct Telling {
  std::size_t top = 3;         // so many classes, the most probable first: in text and in labels
  double min_probability = 0;  // a face whose most probable class has less is uncertain: of no class
};

bool is_uncertain(const FaceClassifier::Face& face, const Telling& telling);

// The `count` most probable classes, or all there are, by number; of equal ones the first.
std::vector<std::size_t> most_probable(const FaceClassifier::Face& face, std::size_t count);

// The line before all others: CSV's column names; else empty. Lines end with \n.
std::string format_header(Format format, const std::vector<std::string>& classes);

// One line a face; one that says so where there is none. CSV as RFC 4180 has it, JSON one object a line, in
// UTF-8 whatever the paths are in. Text is for people: what would break its lines is escaped. An uncertain
// face has all its probabilities, and no class: empty in CSV, null in JSON.
std::string format_found(Format format, const Found& found, const std::vector<std::string>& classes,
                         const Telling& telling = {});

// The same face for a picture: "happiness 93 %", a line a class; or "uncertain".
std::vector<std::string> label_lines(const FaceClassifier::Face& face,
                                     const std::vector<std::string>& classes, const Telling& telling);

}  // namespace poster

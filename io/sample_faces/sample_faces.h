// A data set of drawn faces, so that training can be tried without any download:
// DIR/{train,valid,test}/{anger,…,surprise}/face_<identity>_<nn>.png. Every identity shows all seven
// expressions and lies in one split only. Of lower halves DIR/preparation.json
// (io/face/preparation.h) says so.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <string_view>
#include <vector>

#include "io/sample_faces/parameters.h"

namespace poster::faces {

enum class Split { train, valid, test };
inline constexpr int kSplits = 3;
inline constexpr std::array<std::string_view, kSplits> kSplitNames = {"train", "valid", "test"};

struct SampleFacesOptions {
  std::filesystem::path directory;
  int per_class = 100;  // images of one expression over all splits together
  int identities = 0;   // 0: one per two images of a class, ten at least if per_class allows
  std::uint64_t seed = 1;
  int size = 224;               // side in pixels, 32..4096
  bool lower_half = false;      // size / 2 rows from under the eyes on
  double train_fraction = 0.7;  // of the identities; each split gets at least one
  double valid_fraction = 0.1;  // test takes the rest
  int threads = 0;              // 0: one per core; the files don't depend on it
  bool force = false;  // write into a folder that isn't empty, after removing earlier face_*.png there
};

struct SampleFace {
  int identity;
  Expression expression;
  int number;  // counts an identity's images of one expression
  Split split;
};

struct SampleFacesSummary {
  std::array<int, kSplits> identities{}, images{};
};

// Which images make up the set, in the order of identities. Throws poster::Error for options that can't be
// met.
std::vector<SampleFace> plan_sample_faces(const SampleFacesOptions& options);

// Relative to the directory.
std::filesystem::path sample_face_path(const SampleFace& face);

// Writes the set; each file under a temporary name first. Throws poster::Error.
SampleFacesSummary write_sample_faces(const SampleFacesOptions& options);

}  // namespace poster::faces

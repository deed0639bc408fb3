// Which files an evaluation is written to: the run's own result is that of its own images, seen as in its
// training. Anything else gets names of its own, and never replaces it.
#pragma once

#include <filesystem>
#include <string>

#include "io/checkpoint/checkpoint.h"
#include "io/run/run_listings.h"

namespace poster {

struct EvaluationSubject {
  const Checkpoint& checkpoint;
  std::string state;          // names the files
  const Settings& settings;   // of the evaluation: data, split, view, how images are resized
  std::string listing_hash;   // of the split
  bool whole_network = true;  // false: some of its weights weren't in the file (--allow-partial)
};

// Empty for the run's own result; else what is behind the split in the files' names:
//   -on-0123456789abcdef    other images, by the hash of their listing
//   -seen-full-01234567     another view, or resized otherwise, than in training
//   -named-01234567         with other class names (--rename-classes)
//   -partial                with --allow-partial, and not all was there
//   -of-01234567            another checkpoint than the one whose result has the plain name in that folder
// `folder` is where the files go.
std::string other_subject(const std::filesystem::path& folder, const EvaluationSubject& subject);

// What a network is shown of an image, for records: view, resizing, size.
nlohmann::ordered_json shown_json(const Settings& settings);

}  // namespace poster

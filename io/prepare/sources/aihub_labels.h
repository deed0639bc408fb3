// The label files of AI Hub 82: one JSON array a file, of
//   {"filename": ..., "gender": ..., "age": ..., "isProf": ..., "faceExp_uploader": "기쁨",
//    "bg_uploader": ..., "annot_A": {"boxes": {"minX": ..., "minY": ..., "maxX": ..., "maxY": ...},
//    "faceExp": "기쁨", "bg": ...}, "annot_B": ..., "annot_C": ...}
// Some files say faceBB_A for annot_A, and label for faceExp, inside of boxes or beside it. Text is UTF-8,
// UTF-8 with a byte order mark, or CP949; names may be decomposed (NFD).
#pragma once

#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "io/face/face_box.h"
#include "io/prepare/source_set.h"

namespace poster::prepare {

struct AihubRecord {
  std::string uploader;            // aihub_expression() of what the uploader was asked to show; may be empty
  std::vector<std::string> votes;  // aihub_expression() of each annotator's
  std::optional<io::FaceBox>
      box;                     // the median of the annotators' edges, each by itself, in the upright frame
  std::optional<Split> split;  // by the label file's name or its folders'
  bool contradicted = false;   // another record of the image says otherwise
  bool used = false;
};

struct AihubLabels {
  std::unordered_map<std::string, AihubRecord>
      by_stem;  // an image's name in normal form C, without extension
  std::vector<std::string> notes;
  int files = 0;
};

// All label files of the tree. Throws poster::Error for one that isn't JSON.
AihubLabels read_aihub_labels(const FileTree& tree);

// Adds a file's records; false when it holds none. `name` stands before errors.
bool add_aihub_records(const std::string& text, const std::string& name, AihubLabels& labels);

// Which label the annotators give together: of `vote`, what more than half of them say (two of three); of
// `unanimous`, what all say. Empty: they disagree.
std::string aihub_vote(const std::vector<std::string>& votes, LabelRule rule);

}  // namespace poster::prepare

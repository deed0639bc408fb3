// Turns a data set, as downloaded, into the tree that poster_train takes:
//   DIR/{train,valid,test}/CLASS/NAME.jpg or .png
//   DIR/classes.txt           class names, in byte order: as poster_train numbers them
//   DIR/manifest.csv          source,class,split,person,box,orientation,hash,path: one row an image, in
//                             the set's order. box: "left top width height" in pixels of the upright source, where a face was
//                             cut out; orientation: EXIF's of the source, 1 to 8; hash: XXH64 of the file
//                             written
//   DIR/left_out.csv          source,reason,detail
//   DIR/preparation.json      what was done to the images (io/face/preparation.h)
//   DIR/summary.txt           what the program prints at the end
//   DIR/contact_sheets/CLASS.jpg
//   DIR/.prepare              what a later run needs to go on (workspace.h)
// The same input and options give the same bytes, with any number of threads, and after any number of stops.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "io/prepare/image_step.h"
#include "io/prepare/source_set.h"
#include "io/prepare/split.h"
#include "io/prepare/summary.h"

namespace poster::prepare {

struct PrepareOptions {
  std::string set;
  std::vector<std::string> in;
  std::string out;
  SourceOptions source;
  std::string encoding;        // of texts and names that are no UTF-8; empty: text_encoding.h's rule
  std::string map;             // a file, "none", or empty: the set's own
  std::optional<Faces> faces;  // nothing: as fits the set
  ImageOptions image;          // but for `faces`, which comes from above
  double margin = -1;          // of the crop; negative: 0.1 where faces are cut out, 0 elsewhere
  io::ViewOptions view;
  SplitOptions split;
  std::optional<bool> keep_split;  // nothing: as fits the set
  int threads = 0;                 // 0: one per core
  bool force = false;
};

// `progress(done, total)` is called after each image, one call at a time; with done = 0 before the first.
Summary prepare(const PrepareOptions& options,
                const std::function<void(std::size_t, std::size_t)>& progress = {});

}  // namespace poster::prepare

// A run's curves for TensorBoard: one event file in the run's folder.
//
// A run that goes on writes a new file, with the epochs that it keeps, before it empties the old one. So
// there is one curve without doubles, however the run ended before, and the file of a resumed run says what
// that of an uninterrupted one says; only times differ. A TensorBoard that is running takes the new file's
// beginning as the order to forget the old one's.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <string_view>

#include "io/run/run_log.h"
#include "io/score/metrics.h"

namespace poster::io {

class TensorBoardLog {
 public:
  struct Start {
    std::string settings;                // Markdown, shown as text
    std::span<const EpochMetrics> kept;  // epochs of the run so far
    std::string best_confusion;          // a PNG file's bytes; empty: there is none
    int best_epoch = 0;                  // that it belongs to
    double now = 0;                      // seconds since 1970
  };

  // Writes events.out.tfevents.<seconds>.poster; times of the kept epochs are counted back from `now` by what
  // the epochs took. Throws poster::Error.
  TensorBoardLog(const std::filesystem::path& folder, const Start& start);

  // Appends loss/train, loss/valid, accuracy/train, accuracy/valid (percent), learning_rate and
  // images_per_second, and the confusion matrix's PNG, if any, as confusion/best; numbers that are NaN are left out. It is
  // with the system when the call returns. Throws poster::Error.
  void add(const EpochMetrics& row, std::string_view best_confusion, double now);

  const std::filesystem::path& path() const { return path_; }
  // Whether a run wrote one in that folder before.
  static bool in(const std::filesystem::path& folder);

 private:
  std::filesystem::path path_;
  AppendedFile file_;
};

}  // namespace poster::io

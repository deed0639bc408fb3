#include "io/run/tensorboard_log.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <vector>

#include "engine/error.h"
#include "io/format/atomic_file.h"
#include "io/format/folder_names.h"
#include "io/run/tensorboard_events.h"

namespace poster::io {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kBeforeTime = "events.out.tfevents.", kBehindTime = ".poster";

struct EventFile {
  fs::path path;
  long long seconds;
};

std::vector<EventFile> event_files(const fs::path& folder) {
  std::vector<EventFile> files;
  for (const std::string& name : names_in_if_there(folder)) {
    if (!name.starts_with(kBeforeTime) || !name.ends_with(kBehindTime)) continue;
    const char *first = name.data() + kBeforeTime.size(),
               *last = name.data() + name.size() - kBehindTime.size();
    EventFile file{folder / name, 0};
    if (first < last && std::from_chars(first, last, file.seconds).ptr == last) files.push_back(file);
  }
  return files;
}

// TensorBoard reads a folder's files in the order of their names: the new one must be the last.
fs::path new_path(const fs::path& folder, std::span<const EventFile> old, double now) {
  auto seconds = static_cast<long long>(now);
  for (const EventFile& file : old) seconds = std::max(seconds, file.seconds + 1);
  return folder / (std::string(kBeforeTime) + std::to_string(seconds) + std::string(kBehindTime));
}

std::string epoch_records(const EpochMetrics& row, std::string_view best_confusion, double now) {
  TensorBoardSummary summary;
  const auto scalar = [&](const char* tag, double value) {
    if (!std::isnan(value)) summary.scalar(tag, value);
  };
  scalar("loss/train", row.train_loss);
  scalar("loss/valid", row.valid_loss);
  scalar("accuracy/train", row.train_accuracy);
  scalar("accuracy/valid", row.valid_accuracy);
  scalar("learning_rate", row.learning_rate);
  scalar("images_per_second", row.images_per_second);
  if (!best_confusion.empty()) summary.png("confusion/best", best_confusion);
  return summary.record(now, row.epoch);
}

std::string first_records(const TensorBoardLog::Start& start) {
  double time = start.now;
  for (const EpochMetrics& row : start.kept) time -= row.seconds;
  std::string records = tensorboard_beginning(time);
  TensorBoardSummary about;
  about.text("settings", start.settings);
  about.layout("Training",
               {{"accuracy", {"accuracy/train", "accuracy/valid"}}, {"loss", {"loss/train", "loss/valid"}}});
  records += about.record(time, 0);
  for (const EpochMetrics& row : start.kept) {
    time += row.seconds;
    const bool best = row.epoch == start.best_epoch;
    records += epoch_records(row, best ? std::string_view(start.best_confusion) : "", time);
  }
  return records;
}

fs::path begin_file(const fs::path& folder, const TensorBoardLog::Start& start) {
  const auto old = event_files(folder);
  fs::path path = new_path(folder, old, start.now);
  write_file_atomically(path, first_records(start));
  // A reader that has a file open looks for the next one when it comes to the end of this: it must be there
  // still. What was emptied before is behind every reader.
  for (const EventFile& file : old) {
    std::error_code error;
    if (fs::file_size(file.path, error) > 0)
      fs::resize_file(file.path, 0, error);
    else
      fs::remove(file.path, error);
    if (error) throw Error(file.path.string() + ": cannot be emptied (" + error.message() + "), remove it");
  }
  return path;
}

}  // namespace

TensorBoardLog::TensorBoardLog(const fs::path& folder, const Start& start)
    : path_(begin_file(folder, start)), file_(path_) {}

void TensorBoardLog::add(const EpochMetrics& row, std::string_view best_confusion, double now) {
  file_.append(epoch_records(row, best_confusion, now));
}

bool TensorBoardLog::in(const fs::path& folder) { return !event_files(folder).empty(); }

}  // namespace poster::io

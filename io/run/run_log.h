// The folder of a run and the records in it:
//   log.txt      lines in the reference's format (io/run/log_format.h), appended as they happen
//   metrics.csv  one row for every epoch, replaced atomically
//   run.json     what the run was started with and how it ended, replaced atomically
#pragma once

#include <ctime>
#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "io/score/metrics.h"

namespace poster::io {

class RunFolder {
 public:
  // `parent`/<YYYYmmdd-HHMMSS>-<recipe>, local time, with -2, -3, … behind it when that is taken. Letters
  // that don't suit a file name become '-'. Throws poster::Error when it can't be created or written.
  static RunFolder create(std::string_view recipe, const std::filesystem::path& parent = "runs",
                          std::time_t now = std::time(nullptr));
  // The folder that the user names; created when it isn't there. Throws poster::Error likewise.
  static RunFolder at(const std::filesystem::path& path);

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path operator/(std::string_view name) const { return path_ / name; }
  std::filesystem::path log() const { return path_ / "log.txt"; }
  std::filesystem::path metrics() const { return path_ / "metrics.csv"; }
  std::filesystem::path json() const { return path_ / "run.json"; }

 private:
  explicit RunFolder(std::filesystem::path path);
  std::filesystem::path path_;
};

// Appends to a file; what was appended is with the system when append() returns, so that a crash loses none.
class AppendedFile {
 public:
  // Created where there is none; throws poster::Error.
  explicit AppendedFile(const std::filesystem::path& path);
  ~AppendedFile();
  AppendedFile(AppendedFile&& other) noexcept;
  AppendedFile& operator=(AppendedFile&&) = delete;
  void append(std::string_view bytes);  // throws poster::Error when the disk is full

 private:
  std::filesystem::path path_;
  int file_;
};

// Text, line by line.
class LineLog {
 public:
  explicit LineLog(const std::filesystem::path& path) : file_(path) {}  // throws poster::Error
  void line(std::string_view text);  // adds the line break; throws poster::Error when the disk is full

 private:
  AppendedFile file_;
};

// Columns: epoch, lr, train_loss, train_accuracy, valid_loss, valid_accuracy, seconds, images_per_second.
// Numbers are written so that they read back as the same doubles; NaN as "nan".
class MetricsTable {
 public:
  // Keeps the rows of the epochs before `first_epoch` that the file holds: a run that goes on from an earlier
  // checkpoint overwrites what came after it. Nothing is written yet. Throws poster::Error when the file
  // holds something else.
  MetricsTable(const std::filesystem::path& path, int first_epoch);

  const std::vector<EpochMetrics>& rows() const { return rows_; }
  // Adds or replaces the row of that epoch, drops later ones, and writes the file. Throws poster::Error.
  void add(const EpochMetrics& row);

 private:
  std::filesystem::path path_;
  std::vector<EpochMetrics> rows_;
};

}  // namespace poster::io

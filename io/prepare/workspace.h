// The output folder, and what a run keeps in it to go on after a stop: DIR/.prepare holds
//   settings.json  everything that the output depends on; a run with other settings is refused
//   journal.jsonl  what has been done (journal.h)
//   staged/        pictures whose split isn't known yet
//   paths.csv      where each picture lies in the end; written before the first is moved there
//   lock           held while a run is at work
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "io/prepare/journal.h"

namespace poster::prepare {

// Options by name, in the order in which differences are told.
using Settings = std::vector<std::pair<std::string, std::string>>;

// Held while a run is at work; given back also when its maker throws.
class FolderLock {
 public:
  // Throws poster::Error when another process has it. `folder` is named then.
  FolderLock(const std::filesystem::path& file, const std::filesystem::path& folder);
  ~FolderLock();
  FolderLock(FolderLock&& other) noexcept : file_(std::exchange(other.file_, -1)) {}
  FolderLock& operator=(FolderLock&&) = delete;

 private:
  int file_;
};

class Workspace {
 public:
  // Throws poster::Error: the folder isn't empty and not poster_prepare's, another run is at work in it, the
  // settings differ from those it was written with (says which); unless `force`, which removes what an
  // earlier run wrote, and nothing else.
  Workspace(std::filesystem::path folder, const Settings& settings, bool force);
  Workspace(const Workspace&) = delete;
  Workspace& operator=(const Workspace&) = delete;

  const std::filesystem::path& folder() const { return folder_; }
  std::filesystem::path journal_path() const { return own_ / "journal.jsonl"; }
  std::filesystem::path staged_path(const Record& record) const;
  // Where the earlier run meant pictures to lie: by id, relative to the folder.
  const std::unordered_map<std::uint64_t, std::string>& earlier_paths() const { return earlier_paths_; }

  // Whether the picture is there, with the bytes that the record says: staged, or where the earlier run put
  // it.
  bool holds(const Record& record) const;
  // Writes the bytes as that record's staged picture, and syncs nothing: holds() finds what a power cut took.
  void stage(const Record& record, const std::vector<std::uint8_t>& bytes) const;

  // Brings the tree to these paths (by id, relative to the folder): moves staged pictures there, and removes
  // those of the earlier run that are no longer wanted. At no time does a wanted picture lie in two splits.
  void publish(const std::vector<std::pair<std::uint64_t, std::string>>& paths,
               const std::unordered_map<std::uint64_t, Record>& records);

 private:
  void check_settings(const Settings& settings) const;
  void remove_earlier_output() const;
  void write_paths(const std::vector<std::pair<std::uint64_t, std::string>>& paths) const;

  std::filesystem::path folder_, own_;
  std::optional<FolderLock> lock_;
  std::unordered_map<std::uint64_t, std::string> earlier_paths_;
};

// Writes the file unless it has this content already, so that a run that changes nothing touches nothing.
void write_if_different(const std::filesystem::path& path, std::string_view content);

}  // namespace poster::prepare

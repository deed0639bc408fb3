// The output folder, and what a run keeps in it to go on after a stop: DIR/.prepare holds
//   settings.json  everything that the output depends on; a run with other settings is refused
//   journal.jsonl  what has been done (journal.h)
//   staged/        images whose split isn't known yet
//   paths.csv      where each image lies in the end; written before the first is moved there
//   lock           held while a run is at work
// All of it is taken as a stranger's (output_paths.h): at worst images are made again.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "io/format/folder_lock.h"
#include "io/prepare/journal.h"

namespace poster::prepare {

// Options by name, in the order in which differences are told.
using Settings = std::vector<std::pair<std::string, std::string>>;

class Workspace {
 public:
  // Throws poster::Error: the folder isn't empty and not poster_prepare's, another run is at work in it, the
  // settings differ from those it was written with (says which); unless `force`, which removes what an
  // earlier run wrote, and nothing else, and throws where others' files have the names of those to come.
  Workspace(std::filesystem::path folder, const Settings& settings, bool force);
  Workspace(const Workspace&) = delete;
  Workspace& operator=(const Workspace&) = delete;

  const std::filesystem::path& folder() const { return folder_; }
  std::filesystem::path journal_path() const { return own_ / "journal.jsonl"; }
  std::filesystem::path staged_path(const Record& record) const;

  // Whether the image is there, with the bytes that the record says: staged, or where the earlier run put
  // it.
  bool holds(const Record& record) const;
  // Writes the bytes as that record's staged image, and syncs nothing: holds() finds what a power cut took.
  void stage(const Record& record, const std::vector<std::uint8_t>& bytes) const;

  // Brings the tree to these paths (by id, relative to the folder): moves staged images there, and removes
  // those of the earlier run that are no longer wanted. At no time does a wanted image lie in two splits.
  // Throws poster::Error where a file that no run wrote is in the way.
  void publish(const std::vector<std::pair<std::uint64_t, std::string>>& paths,
               const std::unordered_map<std::uint64_t, Record>& records);

 private:
  void check_others(bool ours, bool force) const;
  void check_settings(const Settings& settings) const;
  void remove_earlier_output() const;
  std::optional<std::filesystem::path> earlier_image(const std::string& path) const;
  void move_to_staged(const std::unordered_map<std::uint64_t, std::string>& wanted,
                      const std::unordered_map<std::uint64_t, Record>& records) const;
  void write_paths(const std::vector<std::pair<std::uint64_t, std::string>>& paths) const;

  std::filesystem::path folder_, own_;
  std::optional<io::FolderLock> lock_;
  // Where the earlier run meant images to lie: by id, relative to the folder.
  std::unordered_map<std::uint64_t, std::string> earlier_paths_;
};

}  // namespace poster::prepare

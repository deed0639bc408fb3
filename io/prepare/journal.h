// What has been done so far, one JSON line an image, so that a run that was stopped goes on where it was. A
// line is added once its image is on the disk; a line that a kill cut short counts as not there.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <unordered_map>

#include "io/face/face_box.h"
#include "io/prepare/similarity.h"

namespace poster::prepare {

struct Record {
  std::uint64_t id = 0;        // PlannedItem::id
  std::string reason, detail;  // left out; empty: written
  int orientation = 1;
  std::optional<io::FaceBox> box;  // eyes aren't kept
  std::string face;
  std::uint64_t content = 0;
  Fingerprint print;
  std::string extension;
  std::uint64_t output_bytes = 0, output_hash = 0;  // XXH64 of the file written
};

std::string record_line(const Record& record);
std::optional<Record> parse_record(const std::string& line);

// The records of a journal; of several for an id, the last. None when there is no file.
std::unordered_map<std::uint64_t, Record> read_journal(const std::filesystem::path& path);

class JournalWriter {
 public:
  // Adds to the file. Throws poster::Error when it can't be opened.
  explicit JournalWriter(const std::filesystem::path& path);
  ~JournalWriter();
  JournalWriter(const JournalWriter&) = delete;
  JournalWriter& operator=(const JournalWriter&) = delete;
  // Throws poster::Error: disk full.
  void add(const Record& record);

 private:
  std::filesystem::path path_;
  int file_;
};

}  // namespace poster::prepare

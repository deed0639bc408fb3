// Whole folders, for tests: written from a list, packed, compared.
#pragma once

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "tests/support/temporary_folder.h"
#include "tests/support/zip_writer.h"

namespace poster::test {

using Files = std::map<std::string, std::vector<std::uint8_t>>;  // by path, "/" between parts

inline std::vector<std::uint8_t> bytes_of(const std::string& text) { return {text.begin(), text.end()}; }

inline void write_files(const std::filesystem::path& root, const Files& files) {
  for (const auto& [name, bytes] : files) write_bytes(root / name, bytes);
}

inline std::vector<std::uint8_t> zipped(const Files& files) {
  ZipWriter zip;
  for (const auto& [name, bytes] : files) zip.add(name, bytes);
  return zip.finish();
}

// Every file below the folder.
inline Files read_files(const std::filesystem::path& root) {
  Files files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(root))
    if (entry.is_regular_file())
      files[std::filesystem::relative(entry.path(), root).string()] = read_bytes(entry.path());
  return files;
}

inline Files with_prefix(const Files& files, const std::string& prefix) {
  Files result;
  for (const auto& [name, bytes] : files)
    if (name.starts_with(prefix)) result[name] = bytes;
  return result;
}

// When each file was written last.
inline std::map<std::string, std::filesystem::file_time_type> times_of(const std::filesystem::path& root) {
  std::map<std::string, std::filesystem::file_time_type> times;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(root))
    if (entry.is_regular_file()) times[entry.path().string()] = entry.last_write_time();
  return times;
}

// Names of the files that differ, for messages.
inline std::string differences(const Files& a, const Files& b) {
  std::string text;
  for (const auto& [name, bytes] : a)
    if (!b.contains(name) || b.at(name) != bytes) text += name + " ";
  for (const auto& [name, bytes] : b)
    if (!a.contains(name)) text += "+" + name + " ";
  return text;
}

}  // namespace poster::test

#include "io/prepare/workspace.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <set>

#include "engine/error.h"
#include "io/atomic_file.h"
#include "io/checksum.h"
#include "io/csv.h"
#include "io/prepare/item.h"
#include "io/prepare/plan.h"

namespace poster::prepare {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

std::string read_whole(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void create_folders(const fs::path& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error)
    throw Error(folder.string() + ": cannot be created (" + error.message() + "); name another with --out");
}

bool has_content(const fs::path& path, const Record& record) {
  std::error_code error;
  if (fs::file_size(path, error) != record.output_bytes || error) return false;
  const std::string bytes = read_whole(path);
  return io::xxh64(bytes.data(), bytes.size()) == record.output_hash;
}

void move(const fs::path& from, const fs::path& to) {
  if (::rename(from.c_str(), to.c_str()) != 0) io::throw_write_error(to, errno);
}

std::unordered_map<std::uint64_t, std::string> read_paths(const fs::path& file) {
  std::unordered_map<std::uint64_t, std::string> paths;
  const std::string text = read_whole(file);
  io::CsvReader rows(text, file.string());
  for (std::vector<std::string> row; rows.next(row);)
    if (row.size() == 2) paths[std::strtoull(row[0].c_str(), nullptr, 16)] = row[1];
  return paths;
}

}  // namespace

void write_if_different(const fs::path& path, std::string_view content) {
  std::error_code error;
  if (fs::file_size(path, error) == content.size() && !error && read_whole(path) == content) return;
  io::write_file_atomically(path, content);
}

FolderLock::FolderLock(const fs::path& file, const fs::path& folder)
    : file_(::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666)) {
  if (file_ < 0) io::throw_write_error(file, errno);
  if (::flock(file_, LOCK_EX | LOCK_NB) == 0) return;
  ::close(file_);
  throw Error(folder.string() +
              ": another poster_prepare is at work in it; wait for it, or name another with --out");
}

FolderLock::~FolderLock() {
  if (file_ >= 0) ::close(file_);
}

Workspace::Workspace(fs::path folder, const Settings& settings, bool force)
    : folder_(std::move(folder)), own_(folder_ / ".prepare") {
  std::error_code error;
  if (fs::exists(folder_, error) && !fs::is_directory(folder_, error))
    throw Error(folder_.string() + ": is a file; name a folder with --out");
  const bool ours = fs::exists(own_, error);
  if (!ours && !force && fs::exists(folder_, error) && !fs::is_empty(folder_, error))
    throw Error(
        folder_.string() +
        ": the folder isn't empty, and poster_prepare didn't write it; name another with --out, or add to it "
        "with --force");
  create_folders(own_);
  lock_.emplace(own_ / "lock", folder_);
  if (force)
    remove_earlier_output();
  else if (fs::exists(own_ / "settings.json", error))
    check_settings(settings);
  create_folders(own_ / "staged");
  Json json;
  for (const auto& [name, value] : settings) json[name] = value;
  write_if_different(own_ / "settings.json", json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
  earlier_paths_ = read_paths(own_ / "paths.csv");
}

void Workspace::check_settings(const Settings& settings) const {
  const std::string file = (own_ / "settings.json").string();
  Json earlier;
  try {
    earlier = Json::parse(read_whole(file));
  } catch (const nlohmann::json::exception&) {
    throw Error(file + ": damaged; start anew with --force");
  }
  std::string differences;
  for (const auto& [name, value] : settings) {
    const std::string before = earlier.is_object() ? earlier.value(name, "") : "";
    if (before != value)
      differences +=
          (differences.empty() ? "" : ", ") + name + " was '" + before + "' and is '" + value + "'";
  }
  if (!differences.empty())
    throw Error(folder_.string() + ": was written with other settings: " + differences +
                "; give the same, name another folder with --out, or start anew with --force");
}

void Workspace::remove_earlier_output() const {
  std::error_code error;
  for (const auto& [id, path] : read_paths(own_ / "paths.csv")) fs::remove(folder_ / path, error);
  if (fs::exists(own_ / "paths.csv", error)) {
    std::ifstream classes(folder_ / "classes.txt");
    for (std::string name; std::getline(classes, name);)
      if (!name.empty()) fs::remove(folder_ / "contact_sheets" / (name + ".jpg"), error);
    for (const char* name : {"manifest.csv", "left_out.csv", "classes.txt", "summary.txt"})
      fs::remove(folder_ / name, error);
  }
  fs::remove_all(own_ / "staged", error);
  for (const char* name : {"journal.jsonl", "paths.csv", "settings.json"}) fs::remove(own_ / name, error);
}

fs::path Workspace::staged_path(const Record& record) const {
  return own_ / "staged" / (hex64(record.id) + record.extension);
}

bool Workspace::holds(const Record& record) const {
  if (has_content(staged_path(record), record)) return true;
  const auto at = earlier_paths_.find(record.id);
  return at != earlier_paths_.end() && has_content(folder_ / at->second, record);
}

void Workspace::stage(const Record& record, const std::vector<std::uint8_t>& bytes) const {
  const fs::path path = staged_path(record), temporary = path.string() + ".tmp";
  errno = 0;
  std::ofstream file(temporary, std::ios::binary);
  file.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  file.close();
  if (!file) io::throw_write_error(path, errno);
  move(temporary, path);
}

void Workspace::write_paths(const std::vector<std::pair<std::uint64_t, std::string>>& paths) const {
  std::string text;
  for (const auto& [id, path] : paths) text += hex64(id) + "," + io::csv_field(path) + "\n";
  write_if_different(own_ / "paths.csv", text);
}

void Workspace::publish(const std::vector<std::pair<std::uint64_t, std::string>>& paths,
                        const std::unordered_map<std::uint64_t, Record>& records) {
  std::error_code error;
  std::unordered_map<std::uint64_t, std::string> wanted(paths.begin(), paths.end());
  // Back into the staging folder with what lies elsewhere now; only then does paths.csv forget where it was.
  for (const auto& [id, path] : earlier_paths_) {
    const auto at = wanted.find(id);
    if (at != wanted.end() && at->second == path) continue;
    const auto record = records.find(id);
    if (!fs::exists(folder_ / path, error)) continue;
    if (at != wanted.end() && record != records.end() && !fs::exists(staged_path(record->second), error))
      move(folder_ / path, staged_path(record->second));
    else
      fs::remove(folder_ / path, error);
  }
  write_paths(paths);
  std::set<fs::path> folders;
  for (const auto& [id, path] : paths) {
    const fs::path target = folder_ / path, staged = staged_path(records.at(id));
    if (folders.insert(target.parent_path()).second) create_folders(target.parent_path());
    if (fs::exists(staged, error)) move(staged, target);
  }
  for (const fs::path& folder : folders) {  // once for all pictures, on file systems that can
    const int file = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (file < 0) continue;
    ::syncfs(file);
    ::close(file);
    break;
  }
  fs::remove_all(own_ / "staged", error);
  earlier_paths_ = std::move(wanted);
}

}  // namespace poster::prepare

#include "io/prepare/workspace.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <set>

#include "engine/error.h"
#include "io/format/checksum.h"
#include "io/format/csv.h"
#include "io/format/input_file.h"
#include "io/format/join.h"
#include "io/format/json.h"
#include "io/format/text.h"
#include "io/prepare/item.h"
#include "io/prepare/output_paths.h"
#include "io/prepare/plan.h"

namespace poster::prepare {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr const char *kOwn = ".prepare", *kStaged = ".prepare/staged", *kPaths = ".prepare/paths.csv",
                     *kSettings = ".prepare/settings.json";
constexpr std::array kRecords = {"manifest.csv", "left_out.csv", "classes.txt", "summary.txt",
                                 "preparation.json"};
constexpr std::uint64_t kMaxImage = std::uint64_t{4} << 30, kMaxPaths = std::uint64_t{16} << 30,
                        kMaxClasses = std::uint64_t{16} << 20;

// "" for what isn't there, isn't a file within the folder, or can't be read.
std::string read_within(const fs::path& root, const std::string& relative, std::uint64_t most_bytes) {
  try {
    const auto path = path_within(root, relative);
    return path ? io::read_file_if_there(*path, most_bytes).value_or("") : "";
  } catch (const Error&) {
    return "";
  }
}

bool has_content(const fs::path& path, const Record& record) {
  std::error_code error;
  if (fs::file_size(path, error) != record.output_bytes || error) return false;
  try {
    const std::string bytes = io::read_file(path, kMaxImage);
    return io::xxh64(bytes.data(), bytes.size()) == record.output_hash;
  } catch (const Error&) {
    return false;
  }
}

// Lines that this program wouldn't write are no paths.
std::unordered_map<std::uint64_t, std::string> read_paths(const fs::path& folder) {
  std::unordered_map<std::uint64_t, std::string> paths;
  const std::string text = read_within(folder, kPaths, kMaxPaths);
  try {
    io::CsvReader rows(text, kPaths);
    for (std::vector<std::string> row; rows.next(row);)
      if (row.size() == 2 && is_output_image(row[1]))
        paths[std::strtoull(row[0].c_str(), nullptr, 16)] = row[1];
  } catch (const Error&) {
    // Damaged: what stands before counts.
  }
  return paths;
}

std::string text_member(const Json& json, const std::string& name) {
  const auto at = json.is_object() ? json.find(name) : json.end();
  return at != json.end() && at->is_string() ? at->get<std::string>() : "";
}

}  // namespace

Workspace::Workspace(fs::path folder, const Settings& settings, bool force)
    : folder_(std::move(folder)), own_(folder_ / kOwn) {
  std::error_code error;
  if (fs::exists(folder_, error) && !fs::is_directory(folder_, error))
    throw Error(folder_.string() + ": is a file; name a folder with --out");
  check_others(fs::exists(own_, error), force);
  create_folder_within(folder_, kOwn);
  lock_.emplace(folder_, "poster_prepare", own_ / "lock");
  if (force)
    remove_earlier_output();
  else if (fs::exists(folder_ / kSettings, error))
    check_settings(settings);
  create_folder_within(folder_, kStaged);
  Json json;
  for (const auto& [name, value] : settings) json[name] = value;
  write_if_different(folder_, kSettings, json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
  earlier_paths_ = read_paths(folder_);
}

// Files that no run wrote are neither mixed with the output nor replaced by it.
void Workspace::check_others(bool ours, bool force) const {
  std::error_code error;
  if (ours || !fs::exists(folder_, error)) return;
  if (!force && !fs::is_empty(folder_, error))
    throw Error(
        folder_.string() +
        ": the folder isn't empty, and poster_prepare didn't write it; name another with --out, or add to it with --force");
  for (const char* name : kRecords)
    if (fs::exists(folder_ / name, error))
      throw Error(
          (folder_ / name).string() +
          ": is there, and poster_prepare didn't write it; move it away, or name another folder with --out");
}

void Workspace::check_settings(const Settings& settings) const {
  Json earlier;
  try {
    earlier = io::parse_json<Json>(read_within(folder_, kSettings, io::kMaxJson), kSettings);
  } catch (const Error&) {
    throw Error((folder_ / kSettings).string() + ": damaged; start anew with --force");
  }
  std::string differences;
  for (const auto& [name, value] : settings) {
    const std::string before = text_member(earlier, name);
    if (before != value) io::add_part(differences, name + " was '" + before + "' and is '" + value + "'");
  }
  if (!differences.empty())
    throw Error(folder_.string() + ": was written with other settings: " + differences +
                "; give the same, name another folder with --out, or start anew with --force");
}

void Workspace::remove_earlier_output() const {
  std::error_code error;
  for (const auto& [id, path] : read_paths(folder_)) remove_within(folder_, path);
  if (fs::exists(folder_ / kPaths, error)) {
    const std::string classes = read_within(folder_, "classes.txt", kMaxClasses);
    for (const std::string_view name : io::text_lines(classes))
      if (!name.empty() && name.find('/') == std::string_view::npos)
        remove_within(folder_, "contact_sheets/" + std::string(name) + ".jpg");
    for (const char* name : kRecords) remove_within(folder_, name);
  }
  create_folder_within(folder_, kStaged);  // refuses a link
  fs::remove_all(folder_ / kStaged, error);
  for (const char* name : {"journal.jsonl", "paths.csv", "settings.json"})
    remove_within(folder_, std::string(kOwn) + "/" + name);
}

fs::path Workspace::staged_path(const Record& record) const {
  return own_ / "staged" / (hex64(record.id) + record.extension);
}

// Nothing when it isn't there.
std::optional<fs::path> Workspace::earlier_image(const std::string& path) const {
  const auto place = path_within(folder_, path);
  std::error_code error;
  return place && fs::exists(*place, error) ? place : std::nullopt;
}

bool Workspace::holds(const Record& record) const {
  if (path_within(own_, "staged/" + staged_path(record).filename().string()) &&
      has_content(staged_path(record), record))
    return true;
  const auto at = earlier_paths_.find(record.id);
  if (at == earlier_paths_.end()) return false;
  const auto place = earlier_image(at->second);
  return place && has_content(*place, record);
}

void Workspace::stage(const Record& record, const std::vector<std::uint8_t>& bytes) const {
  const fs::path path = staged_path(record), temporary = path.string() + ".tmp";
  write_new_file(temporary, bytes);
  move_file(temporary, path);
}

void Workspace::write_paths(const std::vector<std::pair<std::uint64_t, std::string>>& paths) const {
  std::string text;
  for (const auto& [id, path] : paths) text += hex64(id) + "," + io::csv_field(path) + "\n";
  write_if_different(folder_, kPaths, text);
}

// Back into the staging folder with what lies elsewhere than wanted; what isn't wanted is removed.
void Workspace::move_to_staged(const std::unordered_map<std::uint64_t, std::string>& wanted,
                               const std::unordered_map<std::uint64_t, Record>& records) const {
  std::error_code error;
  for (const auto& [id, path] : earlier_paths_) {
    const auto at = wanted.find(id);
    if (at != wanted.end() && at->second == path) continue;
    const auto record = records.find(id);
    const auto place = earlier_image(path);
    if (!place) continue;
    if (at != wanted.end() && record != records.end() && !fs::exists(staged_path(record->second), error))
      move_file(*place, staged_path(record->second));
    else
      remove_within(folder_, path);
  }
}

void Workspace::publish(const std::vector<std::pair<std::uint64_t, std::string>>& paths,
                        const std::unordered_map<std::uint64_t, Record>& records) {
  lock_->check();
  std::error_code error;
  std::unordered_map<std::uint64_t, std::string> wanted(paths.begin(), paths.end());
  std::set<std::string> ours;
  for (const auto& [id, path] : earlier_paths_) ours.insert(path);
  std::set<std::string> folders;
  for (const auto& [id, path] : paths) {
    const std::string parent = folder_name(path);
    if (folders.insert(parent).second) create_folder_within(folder_, parent);
    const fs::path target = place_within(folder_, path);
    if (!ours.contains(path) && fs::exists(target, error) && !has_content(target, records.at(id)))
      throw Error(
          target.string() +
          ": is there, and poster_prepare didn't write it; move it away, or name another folder with --out");
  }
  move_to_staged(wanted, records);
  write_paths(paths);  // only now it forgets where images were
  for (const auto& [id, path] : paths) {
    const fs::path staged = staged_path(records.at(id));
    if (fs::exists(staged, error)) move_file(staged, folder_ / path);
  }
  for (const std::string& folder : folders) {  // once for all images, on file systems that can
    const int file = ::open((folder_ / folder).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (file < 0) continue;
    ::syncfs(file);
    ::close(file);
    break;
  }
  fs::remove_all(folder_ / kStaged, error);
  earlier_paths_ = std::move(wanted);
}

}  // namespace poster::prepare

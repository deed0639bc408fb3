#include "io/prepare/journal.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <nlohmann/json.hpp>
#include <utility>

#include "engine/error.h"
#include "io/format/atomic_file.h"
#include "io/format/input_file.h"
#include "io/format/json.h"
#include "io/prepare/plan.h"

namespace poster::prepare {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::uint64_t kMaxJournal = std::uint64_t{16} << 30;

// Members of a line that somebody else may have written; Error stands for "no such record".
const Json& member(const Json& json, const char* key) {
  const auto at = json.is_object() ? json.find(key) : json.end();
  if (at == json.end()) throw Error(key);
  return *at;
}

std::string text_of(const Json& json, const char* key) {
  if (!member(json, key).is_string()) throw Error(key);
  return member(json, key).get<std::string>();
}

std::string text_if_there(const Json& json, const char* key) {
  return json.is_object() && json.contains(key) ? text_of(json, key) : "";
}

std::uint64_t from_hex(const Json& json, const char* key) {
  const std::string text = text_of(json, key);
  std::uint64_t value = 0;
  const auto result = std::from_chars(text.data(), text.data() + text.size(), value, 16);
  if (text.empty() || result.ec != std::errc() || result.ptr != text.data() + text.size()) throw Error(key);
  return value;
}

std::uint64_t count_of(const Json& json, const char* key) {
  if (!member(json, key).is_number_unsigned()) throw Error(key);
  return member(json, key).get<std::uint64_t>();
}

io::FaceBox box_of(const Json& json) {
  if (!json.is_array() || json.size() != 4) throw Error("box");
  std::array<double, 4> edges{};
  for (std::size_t i = 0; i < edges.size(); ++i) {
    if (!json[i].is_number()) throw Error("box");
    edges[i] = json[i].get<double>();
  }
  return {edges[0], edges[1], edges[2], edges[3]};
}

}  // namespace

std::string record_line(const Record& record) {
  Json json;
  json["id"] = hex64(record.id);
  if (!record.reason.empty()) json["reason"] = record.reason;
  if (!record.detail.empty()) json["detail"] = record.detail;
  json["orientation"] = record.orientation;
  if (record.box) json["box"] = {record.box->left, record.box->top, record.box->width, record.box->height};
  if (!record.face.empty()) json["face"] = record.face;
  json["content"] = hex64(record.content);
  json["print"] = fingerprint_text(record.print);
  json["extension"] = record.extension;
  json["bytes"] = record.output_bytes;
  json["hash"] = hex64(record.output_hash);
  // Names that are no UTF-8 can be in details.
  return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::optional<Record> parse_record(const std::string& line) {
  try {
    const Json json = io::parse_json<Json>(line, "journal");
    Record record;
    record.id = from_hex(json, "id");
    record.reason = text_if_there(json, "reason");
    record.detail = text_if_there(json, "detail");
    const std::uint64_t orientation = count_of(json, "orientation");
    if (orientation < 1 || orientation > 8) return std::nullopt;
    record.orientation = static_cast<int>(orientation);
    if (json.contains("box")) record.box = box_of(json.at("box"));
    record.face = text_if_there(json, "face");
    record.content = from_hex(json, "content");
    if (!parse_fingerprint(text_of(json, "print"), record.print)) return std::nullopt;
    record.extension = text_of(json, "extension");
    // It becomes part of a path.
    const bool image = record.extension == ".jpg" || record.extension == ".png";
    if (!image && !(record.extension.empty() && !record.reason.empty())) return std::nullopt;
    record.output_bytes = count_of(json, "bytes");
    record.output_hash = from_hex(json, "hash");
    return record;
  } catch (const Error&) {
    return std::nullopt;
  }
}

std::unordered_map<std::uint64_t, Record> read_journal(const std::filesystem::path& path) {
  std::unordered_map<std::uint64_t, Record> records;
  const std::string text = io::read_file_if_there(path, kMaxJournal).value_or("");
  for (std::string_view rest = text; !rest.empty();) {
    const std::size_t end = std::min(rest.find('\n'), rest.size() - 1) + 1;
    if (auto record = parse_record(std::string(rest.substr(0, end))))
      records[record->id] = std::move(*record);
    rest.remove_prefix(end);
  }
  return records;
}

JournalWriter::JournalWriter(const std::filesystem::path& path)
    : path_(path),
      file_(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0666)) {
  struct stat status {};
  if (file_ >= 0 && (::fstat(file_, &status) != 0 || !S_ISREG(status.st_mode) || status.st_nlink != 1)) {
    ::close(std::exchange(file_, -1));
    errno = ELOOP;
  }
  // A file of other names would be written to under those as well.
  if (file_ < 0 && (errno == ELOOP || errno == ENXIO))
    throw Error(path.string() + ": is a link or no regular file; remove it");
  // What a kill cut short must not spoil the line that comes next.
  if (file_ < 0 || ::write(file_, "\n", 1) != 1) {
    const int error_number = errno;
    if (file_ >= 0) ::close(std::exchange(file_, -1));
    io::throw_write_error(path_, error_number);
  }
}

JournalWriter::~JournalWriter() {
  if (file_ >= 0) ::close(file_);
}

void JournalWriter::add(const Record& record) {
  const std::string line = record_line(record);
  for (std::size_t done = 0; done < line.size();) {
    const ssize_t written = ::write(file_, line.data() + done, line.size() - done);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) io::throw_write_error(path_, errno);
    done += static_cast<std::size_t>(written);
  }
}

}  // namespace poster::prepare

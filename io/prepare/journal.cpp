#include "io/prepare/journal.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>

#include "io/atomic_file.h"
#include "io/prepare/plan.h"

namespace poster::prepare {
namespace {

using Json = nlohmann::ordered_json;

std::uint64_t from_hex(const Json& json, const char* key) {
  return std::strtoull(json.at(key).get<std::string>().c_str(), nullptr, 16);
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
    const Json json = Json::parse(line);
    Record record;
    record.id = from_hex(json, "id");
    record.reason = json.value("reason", "");
    record.detail = json.value("detail", "");
    record.orientation = json.at("orientation");
    if (json.contains("box")) {
      const Json& box = json.at("box");
      record.box = io::FaceBox{box.at(0), box.at(1), box.at(2), box.at(3)};
    }
    record.face = json.value("face", "");
    record.content = from_hex(json, "content");
    if (!parse_fingerprint(json.at("print"), record.print)) return std::nullopt;
    record.extension = json.at("extension");
    record.output_bytes = json.at("bytes");
    record.output_hash = from_hex(json, "hash");
    return record;
  } catch (const nlohmann::json::exception&) {
    return std::nullopt;
  }
}

std::unordered_map<std::uint64_t, Record> read_journal(const std::filesystem::path& path) {
  std::unordered_map<std::uint64_t, Record> records;
  std::ifstream file(path, std::ios::binary);
  for (std::string line; std::getline(file, line);)
    if (auto record = parse_record(line)) records[record->id] = std::move(*record);
  return records;
}

JournalWriter::JournalWriter(const std::filesystem::path& path)
    : path_(path), file_(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666)) {
  // What a kill cut short must not spoil the line that comes next.
  if (file_ < 0 || ::write(file_, "\n", 1) != 1) io::throw_write_error(path_, errno);
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

#include "io/run/run_log.h"

#include <fcntl.h>
#include <unistd.h>

#include <cctype>
#include <cerrno>
#include <charconv>
#include <nlohmann/json.hpp>
#include <sstream>

#include "engine/error.h"
#include "io/format/atomic_file.h"
#include "io/format/text.h"

namespace poster::io {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kMaxMetrics = std::uint64_t{256} << 20;  // bytes; a million epochs
constexpr const char* kHeader =
    "epoch,lr,train_loss,train_accuracy,valid_loss,valid_accuracy,seconds,images_per_second";

// The columns behind the epoch, in the order of the header.
constexpr double EpochMetrics::*kColumns[] = {&EpochMetrics::learning_rate,    &EpochMetrics::train_loss,
                                              &EpochMetrics::train_accuracy,   &EpochMetrics::valid_loss,
                                              &EpochMetrics::valid_accuracy,   &EpochMetrics::seconds,
                                              &EpochMetrics::images_per_second};

std::string folder_name(std::string_view recipe, std::time_t now) {
  std::tm local{};
  ::localtime_r(&now, &local);
  char stamp[32];
  std::strftime(stamp, sizeof stamp, "%Y%m%d-%H%M%S", &local);
  std::string name = stamp;
  name += '-';
  for (const char letter : recipe) {
    const bool fits =
        std::isalnum(static_cast<unsigned char>(letter)) || letter == '_' || letter == '-' || letter == '.';
    name += fits ? letter : '-';
  }
  return name;
}

[[noreturn]] void throw_folder_error(const fs::path& path, const std::error_code& error) {
  if (error == std::errc::not_a_directory || error == std::errc::file_exists)
    throw Error(path.string() + ": is in the place of a folder, or on the way to it, choose another");
  throw_write_error(path, error.value());
}

std::string number_text(double value) {
  if (value != value) return "nan";
  char buffer[64];
  return {buffer, std::to_chars(buffer, buffer + sizeof buffer, value).ptr};
}

bool parse_row(const std::string& line, EpochMetrics& row) {
  const char *at = line.data(), *end = line.data() + line.size();
  auto parsed = std::from_chars(at, end, row.epoch);
  for (double EpochMetrics::*const column : kColumns) {
    if (parsed.ec != std::errc() || parsed.ptr == end || *parsed.ptr != ',') return false;
    parsed = std::from_chars(parsed.ptr + 1, end, row.*column);
  }
  return parsed.ec == std::errc() && parsed.ptr == end;
}

}  // namespace

RunFolder::RunFolder(fs::path path) : path_(std::move(path)) {
  if (::access(path_.c_str(), W_OK | X_OK) != 0) throw_write_error(path_ / "log.txt", errno);
}

RunFolder RunFolder::create(std::string_view recipe, const fs::path& parent, std::time_t now) {
  const fs::path first = parent / folder_name(recipe, now);
  std::error_code error;
  fs::create_directories(parent, error);
  if (error) throw_folder_error(parent, error);
  fs::path path = first;
  for (int i = 2;; ++i) {
    if (fs::create_directory(path, error)) return RunFolder(path);
    if (error && error != std::errc::file_exists) throw_folder_error(path, error);
    path = first;
    path += "-";
    path += std::to_string(i);
  }
}

RunFolder RunFolder::at(const fs::path& path) {
  std::error_code error;
  fs::create_directories(path, error);
  if (!error && !fs::is_directory(path)) error = std::make_error_code(std::errc::not_a_directory);
  if (error) throw_folder_error(path, error);
  return RunFolder(path);
}

AppendedFile::AppendedFile(const fs::path& path)
    // O_NONBLOCK: a pipe of that name must not make us wait.
    : path_(path), file_(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NONBLOCK, 0666)) {
  if (file_ < 0) throw_write_error(path, errno);
}

AppendedFile::~AppendedFile() {
  if (file_ >= 0) ::close(file_);
}

AppendedFile::AppendedFile(AppendedFile&& other) noexcept
    : path_(std::move(other.path_)), file_(other.file_) {
  other.file_ = -1;
}

void AppendedFile::append(std::string_view bytes) {
  AtomicFileSink sink(file_, path_);
  sink.write(bytes);
  sink.flush();
}

void LineLog::line(std::string_view text) { file_.append(std::string(text) + '\n'); }

MetricsTable::MetricsTable(const fs::path& path, int first_epoch) : path_(path) {
  std::error_code ignored;
  if (!fs::exists(path, ignored)) return;
  const std::string text = read_text(path, kMaxMetrics);
  const auto refuse = [&](int number) {
    throw Error(path_.string() + ": line " + std::to_string(number) +
                " is not as this program writes it, move the file away");
  };
  const std::vector<std::string_view> lines = text_lines(text);
  if (lines.empty() || lines[0] != kHeader) refuse(1);
  for (int number = 2; number <= std::ssize(lines); ++number) {
    EpochMetrics row;
    if (!parse_row(std::string(lines[static_cast<std::size_t>(number - 1)]), row) ||
        (!rows_.empty() && row.epoch <= rows_.back().epoch))
      refuse(number);
    if (row.epoch >= first_epoch) break;
    rows_.push_back(row);
  }
}

void MetricsTable::add(const EpochMetrics& row) {
  while (!rows_.empty() && rows_.back().epoch >= row.epoch) rows_.pop_back();
  rows_.push_back(row);
  std::string text = kHeader;
  text += '\n';
  for (const EpochMetrics& each : rows_) {
    text += std::to_string(each.epoch);
    for (double EpochMetrics::*const column : kColumns) text.append(",").append(number_text(each.*column));
    text += '\n';
  }
  write_file_atomically(path_, text);
}

}  // namespace poster::io

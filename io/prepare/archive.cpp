#include "io/prepare/archive.h"

#include <unistd.h>
#include <zip.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "engine/error.h"
#include "io/format/atomic_file.h"

namespace poster::prepare {
namespace {

constexpr std::size_t kLongestName = 4096;  // of a path on Linux

}  // namespace

struct Archive::Handle {
  zip_t* zip = nullptr;
  ~Handle() {
    if (zip) zip_discard(zip);
  }
};

Archive::Archive(const std::string& path, std::string name)
    : handle_(std::make_unique<Handle>()), name_(std::move(name)) {
  int code = 0;
  handle_->zip = zip_open(path.c_str(), ZIP_RDONLY, &code);
  if (!handle_->zip) {
    zip_error_t error;
    zip_error_init_with_code(&error, code);
    const std::string what = zip_error_strerror(&error);
    zip_error_fini(&error);
    throw Error(name_ + ": cannot be opened as a zip archive (" + what + "); fetch it again");
  }
  const zip_int64_t count = zip_get_num_entries(handle_->zip, 0);
  if (count < 0 || static_cast<std::uint64_t>(count) > kMaxArchiveEntries)
    throw Error(name_ + ": an archive of " + std::to_string(count) + " entries, more than " +
                std::to_string(kMaxArchiveEntries) + "; unpack it and name the folder");
}

Archive::~Archive() = default;
Archive::Archive(Archive&&) noexcept = default;
Archive& Archive::operator=(Archive&&) noexcept = default;

std::vector<ArchiveEntry> Archive::entries(const TextRules& text) const {
  std::vector<ArchiveEntry> entries;
  const auto count = static_cast<std::uint64_t>(zip_get_num_entries(handle_->zip, 0));
  for (std::uint64_t i = 0; i < count; ++i) {
    zip_stat_t stat;
    zip_stat_init(&stat);
    constexpr zip_uint64_t wanted = ZIP_STAT_SIZE | ZIP_STAT_COMP_SIZE;
    const char* raw = zip_get_name(handle_->zip, i, ZIP_FL_ENC_RAW);
    if (!raw || zip_stat_index(handle_->zip, i, 0, &stat) != 0 || (stat.valid & wanted) != wanted)
      throw Error(name_ + ": damaged zip archive (entry " + std::to_string(i) + "); fetch it again");
    if (std::strlen(raw) > kLongestName)
      throw Error(name_ + ": entry " + std::to_string(i) + " has a name of " +
                  std::to_string(std::strlen(raw)) +
                  " bytes, which no file has; unpack it and look what it is");
    std::string name = clean_name(raw, text);
    // Windows tools write backslashes. In raw CP949 they may be half of a letter, so this comes last.
    std::ranges::replace(name, '\\', '/');
    if (!name.empty() && name.back() != '/')
      entries.push_back({std::move(name), i, stat.size, stat.comp_size});
  }
  return entries;
}

template <typename Sink>
void Archive::stream(std::uint64_t index, std::uint64_t cap, const std::string& entry_name,
                     Sink&& sink) const {
  zip_stat_t stat;
  zip_stat_init(&stat);
  if (zip_stat_index(handle_->zip, index, 0, &stat) != 0)
    throw Error(entry_name + ": no longer in the archive; start again");
  if (stat.size > cap)
    throw Error(entry_name + ": " + std::to_string(stat.size) +
                " bytes in an archive, more than the limit of " + std::to_string(cap) +
                "; unpack it and look what it is");
  if (stat.size > kExpansionFree && stat.size / std::max<zip_uint64_t>(stat.comp_size, 1) > kMaxExpansion)
    throw Error(entry_name + ": " + std::to_string(stat.comp_size) + " bytes that unpack to " +
                std::to_string(stat.size) + ", as a zip bomb's do; unpack it and look what it is");
  zip_file_t* file = zip_fopen_index(handle_->zip, index, 0);
  if (!file) {
    const bool encrypted = zip_error_code_zip(zip_get_error(handle_->zip)) == ZIP_ER_NOPASSWD;
    throw Error(entry_name + (encrypted ? ": locked with a password; unpack the archive and name the folder"
                                        : ": cannot be unpacked; fetch the archive again"));
  }
  struct Closer {
    zip_file_t* file;
    ~Closer() { zip_fclose(file); }
  } closer{file};
  std::vector<std::uint8_t> buffer(std::min<std::uint64_t>(std::max<std::uint64_t>(stat.size, 1), 1 << 20));
  std::uint64_t done = 0;
  for (;;) {
    const zip_int64_t got = zip_fread(file, buffer.data(), buffer.size());
    if (got < 0)
      throw Error(entry_name + ": damaged in the archive (" + zip_file_strerror(file) +
                  "); fetch the archive again");
    if (got == 0) break;
    done += static_cast<std::uint64_t>(got);
    if (done > stat.size) break;
    sink(buffer.data(), static_cast<std::size_t>(got));
  }
  if (done != stat.size)
    throw Error(entry_name + ": its size in the archive isn't what the archive says; fetch it again");
}

std::vector<std::uint8_t> Archive::read(std::uint64_t index, std::uint64_t cap,
                                        const std::string& entry_name) const {
  std::vector<std::uint8_t> bytes;
  stream(index, cap, entry_name,
         [&](const std::uint8_t* data, std::size_t size) { bytes.insert(bytes.end(), data, data + size); });
  return bytes;
}

std::string Archive::read_text(std::uint64_t index, std::uint64_t cap, const std::string& entry_name) const {
  std::string text;
  stream(index, cap, entry_name, [&](const std::uint8_t* data, std::size_t size) {
    text.append(reinterpret_cast<const char*>(data), size);
  });
  return text;
}

void Archive::copy_to(std::uint64_t index, int file, std::uint64_t cap, const std::string& entry_name) const {
  stream(index, cap, entry_name, [&](const std::uint8_t* data, std::size_t size) {
    while (size > 0) {
      const ssize_t written = ::write(file, data, size);
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) io::throw_write_error(entry_name, errno);
      data += written;
      size -= static_cast<std::size_t>(written);
    }
  });
}

}  // namespace poster::prepare

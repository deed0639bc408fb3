#include "io/torch/zip_directory.h"

#include <algorithm>
#include <numeric>
#include <optional>
#include <string>

#include "io/torch/little_endian.h"
#include "io/torch/torch_error.h"
#include "io/torch/zip_format.h"

namespace poster::io {
namespace {

using namespace zip_format;
using Bytes = std::span<const std::byte>;

// The record of type T at `offset`; nothing when it isn't there.
template <typename T>
std::optional<T> record_at(Bytes file, std::uint64_t offset) {
  if (offset > file.size() || file.size() - offset < sizeof(T)) return std::nullopt;
  const T record = load<T>(file.data() + offset);
  if constexpr (requires { T::kSignature; })
    if (record.signature != T::kSignature) return std::nullopt;
  return record;
}

std::string_view text_of(Bytes bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

[[noreturn]] void refuse(std::string_view name, const std::string& why) {
  damaged("its zip entry " + quoted_name(name) + " " + why);
}

struct Directory {
  std::uint64_t begin, size, entries;
};

// Where the directory lies. It has to reach exactly to the records that end the file.
Directory find_directory(Bytes file) {
  constexpr std::size_t kLongestComment = 0xFFFF;
  std::uint64_t at = file.size() - std::min(file.size(), sizeof(End));
  const std::uint64_t lowest = at - std::min<std::uint64_t>(at, kLongestComment);
  std::optional<End> end;
  while (!(end = record_at<End>(file, at)) || end->comment_length != file.size() - at - sizeof(End)) {
    if (at == lowest) damaged("it is a zip file without its end, cut short");
    --at;
  }
  Directory directory{end->directory_offset, end->directory_size, end->entries};
  if (end->disk != 0 || end->directory_disk != 0 || end->entries_here != end->entries)
    damaged("it is a zip file on several disks");

  std::uint64_t directory_end = at;
  std::optional<Zip64Locator> locator;
  if (at >= sizeof(Zip64Locator)) locator = record_at<Zip64Locator>(file, at - sizeof(Zip64Locator));
  if (locator) {
    const auto end64 = record_at<Zip64End>(file, locator->end_offset);
    if (!end64 || end64->record_size != at - sizeof(Zip64Locator) - locator->end_offset - 12 ||
        end64->record_size < sizeof(Zip64End) - 12)
      damaged("its zip64 records don't fit each other");
    if (locator->disk != 0 || locator->disks > 1 || end64->disk != 0 || end64->directory_disk != 0 ||
        end64->entries_here != end64->entries)
      damaged("it is a zip file on several disks");
    const auto fits = [](std::uint64_t wide, std::uint64_t narrow, std::uint64_t in_64) {
      return narrow == in_64 || narrow == wide;
    };
    if (!fits(end64->entries, end->entries, kIn64_16) ||
        !fits(end64->directory_size, end->directory_size, kIn64_32) ||
        !fits(end64->directory_offset, end->directory_offset, kIn64_32))
      damaged("its zip and zip64 records contradict each other");
    directory = {end64->directory_offset, end64->directory_size, end64->entries};
    directory_end = locator->end_offset;
  }
  if (directory.size > directory_end || directory.begin != directory_end - directory.size)
    damaged("its zip directory doesn't lie where the file ends");
  if (directory.entries > directory.size / sizeof(CentralHeader))
    damaged("its zip directory is too short for its entries");
  return directory;
}

// The zip64 extra field among an entry's extra fields: 64-bit numbers, in order, for those that have no room
// in 32 bits.
class Zip64Numbers {
 public:
  Zip64Numbers(Bytes extra, std::string_view name) {
    while (extra.size() >= sizeof(ExtraField)) {
      const auto field = load<ExtraField>(extra.data());
      extra = extra.subspan(sizeof(ExtraField));
      if (field.size > extra.size()) refuse(name, "has broken extra fields");
      if (field.id == kZip64Extra && !found_) {
        numbers_ = extra.first(field.size);
        found_ = true;
      }
      extra = extra.subspan(field.size);
    }
  }
  std::uint64_t widen(std::uint32_t narrow, std::string_view name) {
    if (narrow != kIn64_32) return narrow;
    if (numbers_.size() < 8) refuse(name, "lacks a zip64 number");
    const auto wide = load<std::uint64_t>(numbers_.data());
    numbers_ = numbers_.subspan(8);
    return wide;
  }
  bool found() const { return found_; }

 private:
  Bytes numbers_;
  bool found_ = false;
};

// Behind the data of an entry whose header was written before they were known.
bool descriptor_fits(Bytes behind, const ZipEntry& entry) {
  const auto fits = [&](std::size_t at, auto number) {
    using Number = decltype(number);
    return behind.size() >= at + 4 + 2 * sizeof number &&
           load<std::uint32_t>(behind.data() + at) == entry.crc32 &&
           load<Number>(behind.data() + at + 4) == entry.raw.size() &&
           load<Number>(behind.data() + at + 4 + sizeof number) == entry.size;
  };
  const bool is_signed = behind.size() >= 4 && load<std::uint32_t>(behind.data()) == kDescriptorSignature;
  return (is_signed && (fits(4, std::uint32_t{}) || fits(4, std::uint64_t{}))) || fits(0, std::uint32_t{}) ||
         fits(0, std::uint64_t{});
}

// Reads the directory's entry at `at` and moves behind it.
ZipEntry read_entry(Bytes file, const Directory& directory, std::uint64_t& at) {
  const Bytes records = file.first(directory.begin + directory.size);
  const auto central = record_at<CentralHeader>(records, at);
  if (!central) damaged("its zip directory is broken");
  at += sizeof(CentralHeader);
  const std::size_t lengths =
      std::size_t{central->name_length} + central->extra_length + central->comment_length;
  if (records.size() - at < lengths) damaged("its zip directory is cut short");
  ZipEntry entry{};
  entry.name = text_of(records.subspan(at, central->name_length));
  Zip64Numbers numbers(records.subspan(at + central->name_length, central->extra_length), entry.name);
  at += lengths;
  entry.size = numbers.widen(central->size, entry.name);
  const std::uint64_t stored_size = numbers.widen(central->compressed_size, entry.name);
  entry.header = numbers.widen(central->header_offset, entry.name);
  entry.method = central->method;
  entry.crc32 = central->crc32;
  if (central->flags & kEncrypted) refuse(entry.name, "is encrypted");
  if (entry.name.empty() || entry.name.find('\0') != std::string_view::npos)
    refuse(entry.name, "has no name");
  if (entry.method == 0 && entry.size != stored_size) refuse(entry.name, "has two sizes");

  const Bytes before_directory = file.first(directory.begin);
  const auto local = record_at<LocalHeader>(before_directory, entry.header);
  if (!local) refuse(entry.name, "isn't where the directory says");
  const std::uint64_t behind = entry.header + sizeof(LocalHeader);
  const std::size_t before_data = std::size_t{local->name_length} + local->extra_length;
  if (before_directory.size() - behind < before_data ||
      before_directory.size() - behind - before_data < stored_size)
    refuse(entry.name, "reaches beyond the data");
  if (text_of(file.subspan(behind, local->name_length)) != entry.name || local->method != central->method ||
      local->flags != central->flags)
    refuse(entry.name, "is described differently in its own header");
  entry.raw = file.subspan(behind + before_data, stored_size);

  Zip64Numbers own(file.subspan(behind + local->name_length, local->extra_length), entry.name);
  const bool is_late = central->flags & kDescriptorFollows;
  const bool is_blank =
      local->crc32 == 0 && (local->size == 0 || own.found()) && (local->compressed_size == 0 || own.found());
  if (!(is_late && is_blank)) {
    if (own.widen(local->size, entry.name) != entry.size ||
        own.widen(local->compressed_size, entry.name) != stored_size || local->crc32 != entry.crc32)
      refuse(entry.name, "has another size or CRC-32 in its own header");
  }
  if (is_late && !descriptor_fits(before_directory.subspan(behind + before_data + stored_size), entry))
    refuse(entry.name, "has another size or CRC-32 behind its data");
  return entry;
}

}  // namespace

ZipDirectory::ZipDirectory(std::span<const std::byte> file) {
  const Directory directory = find_directory(file);
  std::uint64_t at = directory.begin;
  entries_.reserve(directory.entries);
  for (std::uint64_t i = 0; i < directory.entries; ++i) entries_.push_back(read_entry(file, directory, at));
  if (at != directory.begin + directory.size) damaged("its zip directory holds more than its entries");

  std::sort(entries_.begin(), entries_.end(),
            [](const ZipEntry& a, const ZipEntry& b) { return a.header < b.header; });
  for (std::size_t i = 1; i < entries_.size(); ++i) {
    const ZipEntry& before = entries_[i - 1];
    const auto end = static_cast<std::uint64_t>(before.raw.data() - file.data()) + before.raw.size();
    if (end > entries_[i].header) refuse(entries_[i].name, "overlaps another");
  }
  by_name_.resize(entries_.size());
  std::iota(by_name_.begin(), by_name_.end(), 0);
  std::sort(by_name_.begin(), by_name_.end(),
            [&](std::uint32_t a, std::uint32_t b) { return entries_[a].name < entries_[b].name; });
  for (std::size_t i = 1; i < by_name_.size(); ++i)
    if (entries_[by_name_[i - 1]].name == entries_[by_name_[i]].name)
      refuse(entries_[by_name_[i]].name, "occurs twice");
  has_checksums_ =
      std::any_of(entries_.begin(), entries_.end(), [](const ZipEntry& e) { return e.crc32 != 0; });
}

const ZipEntry* ZipDirectory::find(std::string_view name) const {
  const auto found =
      std::lower_bound(by_name_.begin(), by_name_.end(), name,
                       [&](std::uint32_t i, std::string_view n) { return entries_[i].name < n; });
  return found != by_name_.end() && entries_[*found].name == name ? &entries_[*found] : nullptr;
}

std::span<const std::byte> ZipDirectory::content(const ZipEntry& entry) const {
  if (entry.method != 0)
    throw Error(
        "its entry " + quoted_name(entry.name) +
        " is compressed, which torch.save never does; load it in PyTorch and save it again with torch.save");
  return entry.raw;
}

bool begins_like_zip(std::span<const std::byte> file) {
  if (file.size() < 4) return false;
  const auto signature = load<std::uint32_t>(file.data());
  return signature == LocalHeader::kSignature || signature == End::kSignature;
}

}  // namespace poster::io

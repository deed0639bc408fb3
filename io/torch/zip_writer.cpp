#include "io/torch/zip_writer.h"

#include "engine/error.h"
#include "io/torch/zip_format.h"

namespace poster::io {
namespace {

using namespace zip_format;

constexpr std::uint64_t kAlignment = 64;
constexpr std::uint16_t kPaddingExtra = 'F' | 'B' << 8;
constexpr std::uint16_t kVersion64 = 45;  // 4.5 of the specification, where zip64 began

bool needs_64(std::uint64_t number) { return number >= kIn64_32; }
std::uint32_t narrow(std::uint64_t number) {
  return needs_64(number) ? kIn64_32 : static_cast<std::uint32_t>(number);
}

// The extra field that holds the numbers without room in 32 bits; empty when there are none.
std::string zip64_extra(const std::vector<std::uint64_t>& numbers) {
  std::string wide;
  for (const std::uint64_t number : numbers)
    if (needs_64(number)) wide.append(reinterpret_cast<const char*>(&number), sizeof number);
  if (wide.empty()) return wide;
  const ExtraField field{kZip64Extra, static_cast<std::uint16_t>(wide.size())};
  return std::string(reinterpret_cast<const char*>(&field), sizeof field) + wide;
}

// An extra field that fills up to where the data are aligned.
std::string padding(std::uint64_t position) {
  const auto size =
      static_cast<std::uint16_t>((kAlignment - (position + sizeof(ExtraField)) % kAlignment) % kAlignment);
  const ExtraField field{kPaddingExtra, size};
  return std::string(reinterpret_cast<const char*>(&field), sizeof field) + std::string(size, 'Z');
}

}  // namespace

void ZipWriter::write(std::span<const std::byte> bytes) {
  sink_(bytes);
  position_ += bytes.size();
}

void ZipWriter::write_text(const std::string& text) { write(std::as_bytes(std::span(text))); }

template <typename Record>
void ZipWriter::write_record(const Record& record) {
  write(std::as_bytes(std::span(&record, 1)));
}

void ZipWriter::add(const std::string& name, std::span<const std::byte> content, std::uint32_t crc32) {
  if (name.size() > UINT16_MAX) throw Error("a name within a zip file is too long, choose a shorter one");
  entries_.push_back({name, content.size(), position_, crc32});
  std::string extra = zip64_extra({content.size(), content.size()});
  LocalHeader header;
  header.version_needed = extra.empty() ? 0 : kVersion64;
  header.flags = kUtf8;
  header.crc32 = crc32;
  header.compressed_size = header.size = narrow(content.size());
  header.name_length = static_cast<std::uint16_t>(name.size());
  extra += padding(position_ + sizeof header + name.size() + extra.size());
  header.extra_length = static_cast<std::uint16_t>(extra.size());
  write_record(header);
  write_text(name);
  write_text(extra);
  write(content);
}

void ZipWriter::write_central(const Entry& entry) {
  const std::string extra = zip64_extra({entry.size, entry.size, entry.header});
  CentralHeader header;
  header.version_needed = extra.empty() ? 0 : kVersion64;
  header.flags = kUtf8;
  header.crc32 = entry.crc32;
  header.compressed_size = header.size = narrow(entry.size);
  header.name_length = static_cast<std::uint16_t>(entry.name.size());
  header.extra_length = static_cast<std::uint16_t>(extra.size());
  header.header_offset = narrow(entry.header);
  write_record(header);
  write_text(entry.name);
  write_text(extra);
}

void ZipWriter::finish() {
  const std::uint64_t begin = position_, count = entries_.size();
  for (const Entry& entry : entries_) write_central(entry);
  const std::uint64_t size = position_ - begin;
  End end;
  end.entries_here = end.entries = count >= kIn64_16 ? kIn64_16 : static_cast<std::uint16_t>(count);
  end.directory_size = narrow(size);
  end.directory_offset = narrow(begin);
  if (count >= kIn64_16 || needs_64(size) || needs_64(begin)) {
    Zip64Locator locator;
    locator.end_offset = position_;
    Zip64End end64;
    end64.version_made_by = end64.version_needed = kVersion64;
    end64.entries_here = end64.entries = count;
    end64.directory_size = size;
    end64.directory_offset = begin;
    write_record(end64);
    write_record(locator);
  }
  write_record(end);
}

}  // namespace poster::io

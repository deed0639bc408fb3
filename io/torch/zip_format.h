// The records of a zip file as they lie in it (PKWARE's APPNOTE 6.3, sections 4.3.7 to 4.3.16, 4.5.3).
#pragma once

#include <cstdint>

namespace poster::io::zip_format {

#pragma pack(push, 1)

struct LocalHeader {  // before an entry's data; the name and the extra field follow
  static constexpr std::uint32_t kSignature = 0x04034b50;
  std::uint32_t signature = kSignature;
  std::uint16_t version_needed = 0, flags = 0, method = 0, time = 0, date = 0;
  std::uint32_t crc32 = 0, compressed_size = 0, size = 0;
  std::uint16_t name_length = 0, extra_length = 0;
};

struct CentralHeader {  // in the directory; the name, the extra field and a comment follow
  static constexpr std::uint32_t kSignature = 0x02014b50;
  std::uint32_t signature = kSignature;
  std::uint16_t version_made_by = 0, version_needed = 0, flags = 0, method = 0, time = 0, date = 0;
  std::uint32_t crc32 = 0, compressed_size = 0, size = 0;
  std::uint16_t name_length = 0, extra_length = 0, comment_length = 0, disk = 0, internal_attributes = 0;
  std::uint32_t external_attributes = 0, header_offset = 0;
};

struct Zip64End {
  static constexpr std::uint32_t kSignature = 0x06064b50;
  std::uint32_t signature = kSignature;
  std::uint64_t record_size = 44;  // of what follows this number
  std::uint16_t version_made_by = 0, version_needed = 0;
  std::uint32_t disk = 0, directory_disk = 0;
  std::uint64_t entries_here = 0, entries = 0, directory_size = 0, directory_offset = 0;
};

struct Zip64Locator {
  static constexpr std::uint32_t kSignature = 0x07064b50;
  std::uint32_t signature = kSignature, disk = 0;
  std::uint64_t end_offset = 0;  // of the Zip64End
  std::uint32_t disks = 1;
};

struct End {  // a comment follows
  static constexpr std::uint32_t kSignature = 0x06054b50;
  std::uint32_t signature = kSignature;
  std::uint16_t disk = 0, directory_disk = 0, entries_here = 0, entries = 0;
  std::uint32_t directory_size = 0, directory_offset = 0;
  std::uint16_t comment_length = 0;
};

struct ExtraField {  // `size` bytes follow
  std::uint16_t id = 0, size = 0;
};

#pragma pack(pop)

static_assert(sizeof(LocalHeader) == 30 && sizeof(CentralHeader) == 46 && sizeof(Zip64End) == 56 &&
              sizeof(Zip64Locator) == 20 && sizeof(End) == 22);

constexpr std::uint32_t kDescriptorSignature = 0x08074b50;  // of the record behind an entry's data
constexpr std::uint16_t kEncrypted = 1, kDescriptorFollows = 8, kUtf8 = 1 << 11;
constexpr std::uint16_t kZip64Extra = 1;
constexpr std::uint16_t kIn64_16 = 0xFFFF;      // the number stands in a zip64 record
constexpr std::uint32_t kIn64_32 = 0xFFFFFFFF;  // the number stands in a zip64 record

}  // namespace poster::io::zip_format

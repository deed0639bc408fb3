#include <charconv>

#include "io/torch/other_files.h"
#include "io/torch/torch_error.h"
#include "io/torch/torch_formats.h"
#include "io/torch/torch_objects.h"
#include "io/torch/zip_checksum.h"
#include "io/torch/zip_directory.h"

namespace poster::io {
namespace {

constexpr std::string_view kPickle = "/data.pkl";
constexpr int kLatestVersion = 10;  // kMaxSupportedFileFormatVersion in inline_container.h

// The folder within the archive: NAME of NAME/data.pkl. Empty when there is none.
std::string_view folder_of(const ZipDirectory& zip) {
  for (const ZipEntry& entry : zip.entries())
    if (entry.name.ends_with(kPickle) && entry.name.find('/') == entry.name.size() - kPickle.size())
      return entry.name.substr(0, entry.name.size() - kPickle.size());
  return {};
}

bool is_torchscript(const ZipDirectory& zip, const std::string& folder) {
  return zip.find(folder + "/constants.pkl") != nullptr;
}

// The content of an entry, with its CRC-32 checked; nothing when there is no such entry.
std::string_view small_entry(const ZipDirectory& zip, const std::string& name) {
  const ZipEntry* const entry = zip.find(name);
  if (entry == nullptr) return {};
  const auto content = zip.content(*entry);
  if (zip.has_checksums() && crc32_of(content) != entry->crc32)
    damaged("the CRC-32 of its entry " + quoted_name(name) + " doesn't fit");
  return {reinterpret_cast<const char*>(content.data()), content.size()};
}

void check_surroundings(const ZipDirectory& zip, const std::string& folder) {
  const std::string_view order = small_entry(zip, folder + "/byteorder");
  if (order == "big")
    throw Error(
        "was written by a big-endian machine; load it in PyTorch on a usual one and save it again there");
  if (!order.empty() && order != "little") damaged("its byte order is " + quoted_name(order));
  std::string_view version = small_entry(zip, folder + "/version");
  while (version.ends_with('\n') || version.ends_with('\r')) version.remove_suffix(1);
  if (version.empty()) return;
  int number = 0;
  const auto [end, error] = std::from_chars(version.data(), version.data() + version.size(), number);
  if (error != std::errc() || end != version.data() + version.size())
    damaged("its version is " + quoted_name(version));
  if (number < 1 || number > kLatestVersion)
    throw Error("is of version " + std::to_string(number) + " of PyTorch's format, versions 1 to " +
                std::to_string(kLatestVersion) + " are known; save it again with another PyTorch");
}

}  // namespace

std::unique_ptr<TorchContent> read_torch_zip(std::span<const std::byte> bytes, bool ignore_unsafe) {
  const ZipDirectory zip(bytes);
  const std::string folder(folder_of(zip));
  if (folder.empty()) throw Error(*explain_other_file(bytes));
  if (is_torchscript(zip, folder)) throw Error(*explain_other_file(bytes));
  check_surroundings(zip, folder);

  auto content = std::make_unique<TorchContent>(most_memory_for(bytes.size()));
  content->format = TorchFormat::zip;
  const std::string_view pickle = small_entry(zip, folder + "/data.pkl");
  TorchObjects objects(*content, ignore_unsafe);
  Unpickler unpickler(std::as_bytes(std::span(pickle)), content->tree, objects);
  content->root = unpickler.read();
  if (unpickler.position() != pickle.size()) damaged("something stands behind its pickle");
  objects.finish();

  for (TorchStorage& storage : content->storages) {
    const std::string name = folder + "/data/" + std::string(storage.key);
    const ZipEntry* const entry = zip.find(name);
    if (entry == nullptr) damaged("its entry " + quoted_name(name) + " is missing");
    storage.bytes = zip.content(*entry);
    if (storage.bytes.size() % storage.element_size != 0 ||
        storage.bytes.size() / storage.element_size != storage.count)
      damaged("its entry " + quoted_name(name) + " holds " + std::to_string(storage.bytes.size()) +
              " bytes for " + std::to_string(storage.count) + " elements of " +
              std::to_string(storage.element_size) + " bytes");
    if (zip.has_checksums()) storage.crc32 = entry->crc32;
  }
  return content;
}

bool is_torch_zip(std::span<const std::byte> bytes) {
  if (!begins_like_zip(bytes)) return false;
  try {
    const ZipDirectory zip(bytes);
    const std::string folder(folder_of(zip));
    return !folder.empty() && !is_torchscript(zip, folder);
  } catch (const Error&) {
    return false;
  }
}

}  // namespace poster::io

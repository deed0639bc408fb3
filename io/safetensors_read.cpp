#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstring>
#include <new>
#include <nlohmann/json.hpp>
#include <set>

#include "engine/error.h"
#include "io/safetensors.h"
#include "io/safetensors_format.h"

namespace poster::io {
namespace {

using nlohmann::json;
using namespace safetensors_format;

constexpr std::align_val_t kAlignment{64};

[[noreturn]] void refuse(const std::filesystem::path& path, const std::string& why) {
  throw Error(path.string() + ": not a valid safetensors file: " + why + "; copy or save it again");
}

void read_fully(int file, void* data, std::size_t size, const std::filesystem::path& path) {
  constexpr std::size_t kLargestRead = 1 << 30;
  char* bytes = static_cast<char*>(data);
  while (size > 0) {
    const ssize_t count = ::read(file, bytes, std::min(size, kLargestRead));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw Error(path.string() + ": can't be read (" + std::strerror(errno) + ")");
    if (count == 0) refuse(path, "it became shorter while it was read");
    bytes += count;
    size -= static_cast<std::size_t>(count);
  }
}

// Parses the header. The JSON library keeps the last of several equal keys, so they are found on the way; and
// the depth is bounded, because a hostile header can nest a hundred million arrays.
json parse_header(const std::string& header, const std::filesystem::path& path) {
  if (header.empty() || header.front() != '{') refuse(path, "the header doesn't start with '{'");
  // The JSON library takes a zero byte for the end.
  if (const auto zero = header.find('\0'); zero != std::string::npos)
    refuse(path, "the header is not valid JSON at byte " + std::to_string(zero + 1));
  constexpr int kDeepest = 3;
  std::vector<std::set<std::string>> keys;
  const auto check = [&](int depth, json::parse_event_t event, json& value) {
    if (depth > kDeepest) refuse(path, "the header is nested too deeply");
    if (event == json::parse_event_t::object_start) keys.emplace_back();
    if (event == json::parse_event_t::object_end) keys.pop_back();
    if (event == json::parse_event_t::key) {
      const auto& key = value.get_ref<const std::string&>();
      if (!keys.back().insert(key).second) refuse(path, "the key " + quoted_name(key) + " occurs twice");
    }
    return true;
  };
  try {
    return json::parse(header, check);
  } catch (const json::parse_error& error) {
    refuse(path, "the header is not valid JSON at byte " + std::to_string(error.byte));
  } catch (const json::exception&) {
    refuse(path, "the header is not valid JSON");
  }
}

struct Entry {
  std::string name;
  DType dtype;
  std::vector<std::int64_t> shape;
  std::uint64_t begin, end;
};

std::vector<std::uint64_t> unsigned_list(const json& list, const std::string& what,
                                         const std::filesystem::path& path) {
  if (!list.is_array()) refuse(path, what + " is not a list");
  std::vector<std::uint64_t> numbers;
  for (const json& number : list) {
    if (!number.is_number_unsigned()) refuse(path, what + " holds something else than whole numbers from 0");
    numbers.push_back(number.get<std::uint64_t>());
  }
  return numbers;
}

Entry parse_entry(const std::string& name, const json& value, const std::filesystem::path& path) {
  const std::string tensor = "tensor " + quoted_name(name);
  if (!value.is_object()) refuse(path, tensor + " is not described by an object");
  for (const char* key : {"dtype", "shape", "data_offsets"})
    if (!value.contains(key)) refuse(path, tensor + " has no " + key);
  if (value.size() != 3) refuse(path, tensor + " has more than dtype, shape and data_offsets");
  const json& dtype_name = value["dtype"];
  if (!dtype_name.is_string()) refuse(path, tensor + ": the dtype is not a text");
  const auto dtype = dtype_by_name(dtype_name.get_ref<const std::string&>());
  if (!dtype) refuse(path, tensor + ": unknown dtype " + quoted_name(dtype_name.get<std::string>()));

  Entry entry{name, *dtype, {}, 0, 0};
  for (const std::uint64_t side : unsigned_list(value["shape"], tensor + ": the shape", path)) {
    if (side > static_cast<std::uint64_t>(INT64_MAX)) refuse(path, tensor + ": the shape is too large");
    entry.shape.push_back(static_cast<std::int64_t>(side));
  }
  const auto size = byte_size(*dtype, entry.shape);
  if (!size) refuse(path, tensor + ": the shape " + describe(entry.shape) + " is too large");
  const auto offsets = unsigned_list(value["data_offsets"], tensor + ": data_offsets", path);
  if (offsets.size() != 2) refuse(path, tensor + ": data_offsets are not two numbers");
  entry.begin = offsets[0];
  entry.end = offsets[1];
  if (entry.end < entry.begin) refuse(path, tensor + ": data_offsets end before they begin");
  if (entry.end - entry.begin != *size)
    refuse(path, tensor + ": " + std::string(name_of(*dtype)) + " " + describe(entry.shape) + " takes " +
                     std::to_string(*size) + " bytes, data_offsets give " +
                     std::to_string(entry.end - entry.begin));
  return entry;
}

}  // namespace

void SafetensorsFile::Free::operator()(std::byte* memory) const { ::operator delete[](memory, kAlignment); }

SafetensorsFile::SafetensorsFile(const std::filesystem::path& path) : path_(path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0)
    throw Error(path.string() + ": can't be opened (" + std::strerror(errno) + "), check the path");
  try {
    read(file);
  } catch (...) {
    ::close(file);
    throw;
  }
  ::close(file);
}

void SafetensorsFile::read(int file) {
  struct stat status;
  if (::fstat(file, &status) != 0 || !S_ISREG(status.st_mode))
    throw Error(path_.string() + ": is not a regular file, give a .safetensors file");
  const auto file_size = static_cast<std::uint64_t>(status.st_size);
  if (file_size < kLengthSize) refuse(path_, "it is shorter than 8 bytes");
  std::uint64_t header_size = 0;
  read_fully(file, &header_size, kLengthSize, path_);
  if (header_size > kLargestHeader) refuse(path_, "the header is said to be larger than 100 MB");
  if (header_size > file_size - kLengthSize) refuse(path_, "the header is longer than the file");
  std::string header(header_size, '\0');
  read_fully(file, header.data(), header.size(), path_);

  const std::size_t data_size = file_size - kLengthSize - header_size;
  parse(header, data_size);
  data_.reset(static_cast<std::byte*>(::operator new[](std::max<std::size_t>(data_size, 1), kAlignment)));
  read_fully(file, data_.get(), data_size, path_);
  std::size_t offset = 0;
  for (const std::string& name : order_) {
    TensorView& tensor = tensors_.find(name)->second;
    const std::size_t size = *byte_size(tensor.dtype, tensor.shape);
    tensor.bytes = {data_.get() + offset, size};
    offset += size;
  }
}

void SafetensorsFile::parse(const std::string& header, std::size_t data_size) {
  const json root = parse_header(header, path_);
  std::vector<Entry> entries;
  for (const auto& [name, value] : root.items()) {
    if (name != kMetadataKey) {
      entries.push_back(parse_entry(name, value, path_));
      continue;
    }
    if (!value.is_object()) refuse(path_, "__metadata__ is not an object");
    for (const auto& [key, text] : value.items()) {
      if (!text.is_string()) refuse(path_, "__metadata__ " + quoted_name(key) + " is not a text");
      metadata_[key] = text;
    }
  }
  std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
    return std::tie(a.begin, a.end, a.name) < std::tie(b.begin, b.end, b.name);
  });
  std::uint64_t offset = 0;
  for (Entry& entry : entries) {
    if (entry.begin != offset)
      refuse(path_, "tensor " + quoted_name(entry.name) + " begins at " + std::to_string(entry.begin) + ", " +
                        (entry.begin < offset ? "inside another tensor" : "behind a hole"));
    offset = entry.end;
    order_.push_back(entry.name);
    tensors_.emplace(entry.name, TensorView{entry.dtype, std::move(entry.shape), {}});
  }
  if (offset != data_size)
    refuse(path_, "the tensors take " + std::to_string(offset) + " bytes, the file holds " +
                      std::to_string(data_size) + (offset > data_size ? " (cut short)" : ""));
}

const TensorView* SafetensorsFile::find(std::string_view name) const {
  const auto found = tensors_.find(name);
  return found == tensors_.end() ? nullptr : &found->second;
}

const TensorView& SafetensorsFile::at(std::string_view name) const {
  if (const TensorView* tensor = find(name)) return *tensor;
  throw Error(path_.string() + ": has no tensor " + quoted_name(name) +
              ", check that it is the right kind of file");
}

std::vector<std::string> SafetensorsFile::names() const { return order_; }

bool SafetensorsFile::verify_checksum() const {
  const auto stored = metadata_.find(kChecksumKey);
  if (stored == metadata_.end()) return false;
  if (stored->second != checksum(metadata_, tensors_))
    throw Error(path_.string() + ": damaged, its checksum doesn't fit its content; use another copy");
  return true;
}

}  // namespace poster::io

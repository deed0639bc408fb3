// The safetensors file format (https://github.com/huggingface/safetensors, section "Format"):
//
//   8 bytes   N, length of the header, unsigned, little-endian; at most 100,000,000
//   N bytes   JSON object in UTF-8, starting with '{', spaces allowed behind it:
//             {"__metadata__": {"key": "text", …},
//              "NAME": {"dtype": "F32", "shape": [2, 3], "data_offsets": [begin, end]}, …}
//   the rest  the tensors' bytes, little-endian, row-major; offsets count from here. Every byte belongs to
//             exactly one tensor: no holes, no overlaps, nothing behind the last one.
//
// A shape of [] is a scalar; a side of 0 makes a tensor without bytes. Keys may not occur twice.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/tensor_view.h"
#include "io/format/atomic_file.h"
#include "io/format/mapped_file.h"

namespace poster::io {

// A file, checked. It is mapped, not read: what is looked at takes memory, and can be given back. When the
// file is cut short or written to while it is open, views may show zeros: check_unchanged() says so, after
// they were used. Every violation of the format throws poster::Error with the file's name and what is wrong.
class SafetensorsFile {
 public:
  explicit SafetensorsFile(const std::filesystem::path& path);
  // From memory, which stays the caller's and must outlive this; `name` is for messages.
  SafetensorsFile(std::span<const std::byte> bytes, const std::filesystem::path& name);

  const std::filesystem::path& path() const { return path_; }
  // Views stay valid as long as the file object lives (moving it keeps them).
  const TensorView* find(std::string_view name) const;  // nullptr when there is none
  const TensorView& at(std::string_view name) const;    // throws poster::Error when there is none
  std::vector<std::string> names() const;               // in the order of the bytes in the file
  const std::map<std::string, std::string>& metadata() const { return metadata_; }

  // True when the checksum in the file fits, false when the file carries none; throws poster::Error when it
  // doesn't fit: the file is damaged.
  bool verify_checksum() const;
  void check_unchanged() const { mapping_.check(); }  // throws poster::Error
  // Gives back the memory that a tensor's bytes take as part of the mapping; they can be looked at again. A
  // loader that copies tensors one by one and releases each needs no more memory than the copies.
  void release(const TensorView& tensor) const { mapping_.release(tensor.bytes); }

 private:
  void parse(std::span<const std::byte> bytes);

  std::filesystem::path path_;
  MappedFile mapping_;
  std::map<std::string, TensorView, std::less<>> tensors_;
  std::vector<std::string_view> order_;  // of the keys of tensors_
  std::map<std::string, std::string> metadata_;
};

struct TensorToWrite {
  std::string name;
  DType dtype;
  std::vector<std::int64_t> shape;
  const void* data;
};

// Writes the tensors in the given order, through write_file_atomically. The header is padded so that the data
// starts at a multiple of 8; put wide types first to have each tensor aligned. Equal content gives equal
// bytes. The metadata gets an entry "checksum": XXH64 over the other metadata and every tensor's name, dtype,
// shape and bytes, in the order of their names. Throws poster::Error for names that are used twice or aren't
// UTF-8.
void write_safetensors(const std::filesystem::path& path, const std::map<std::string, std::string>& metadata,
                       std::span<const TensorToWrite> tensors, KeepPrevious keep_previous = KeepPrevious::no);

}  // namespace poster::io

#include <algorithm>
#include <cstring>
#include <tuple>

#include "engine/error.h"
#include "io/format/quoted_name.h"
#include "io/torch/other_files.h"
#include "io/weights/safetensors.h"
#include "io/weights/safetensors_format.h"
#include "io/weights/safetensors_header.h"

namespace poster::io {

using namespace safetensors_format;

SafetensorsFile::SafetensorsFile(const std::filesystem::path& path) : path_(path), mapping_(path) {
  try {
    parse(mapping_.bytes());
  } catch (const Error&) {
    mapping_.check();  // the better reason
    throw;
  }
  mapping_.check();
}

SafetensorsFile::SafetensorsFile(std::span<const std::byte> bytes, const std::filesystem::path& name)
    : path_(name) {
  parse(bytes);
}

void SafetensorsFile::parse(std::span<const std::byte> bytes) {
  if (!begins_like_safetensors(bytes))
    if (const auto other = explain_other_file(bytes)) throw Error(path_.string() + ": " + *other);
  if (bytes.size() < kLengthSize) refuse(path_, "it is shorter than 8 bytes");
  std::uint64_t header_size = 0;
  std::memcpy(&header_size, bytes.data(), kLengthSize);
  if (header_size > kMaxHeader) refuse(path_, "the header is said to be larger than 100 MB");
  if (header_size > bytes.size() - kLengthSize) refuse(path_, "the header is longer than the file");
  Header header =
      parse_header({reinterpret_cast<const char*>(bytes.data()) + kLengthSize, header_size}, path_);
  metadata_ = std::move(header.metadata);

  using Tensor = std::pair<const std::string, HeaderEntry>;
  std::vector<Tensor*> tensors;
  tensors.reserve(header.tensors.size());
  for (Tensor& tensor : header.tensors) tensors.push_back(&tensor);
  std::sort(tensors.begin(), tensors.end(), [](const Tensor* a, const Tensor* b) {
    return std::tie(a->second.begin, a->second.end, a->first) <
           std::tie(b->second.begin, b->second.end, b->first);
  });
  const auto data = bytes.subspan(kLengthSize + header_size);
  std::uint64_t offset = 0;
  for (Tensor* const tensor : tensors) {
    auto& [name, entry] = *tensor;
    if (entry.begin != offset)
      refuse(path_, "tensor " + quoted_name(name) + " begins at " + std::to_string(entry.begin) + ", " +
                        (entry.begin < offset ? "inside another tensor" : "behind a hole"));
    offset = entry.end;
    if (offset > data.size()) continue;  // refused below, with how much there should be
    const TensorView view{entry.dtype, std::move(entry.shape),
                          data.subspan(entry.begin, entry.end - entry.begin)};
    order_.push_back(tensors_.emplace(name, view).first->first);
  }
  if (offset != data.size())
    refuse(path_, "the tensors take " + std::to_string(offset) + " bytes, the file holds " +
                      std::to_string(data.size()) + (offset > data.size() ? " (cut short)" : ""));
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

std::vector<std::string> SafetensorsFile::names() const { return {order_.begin(), order_.end()}; }

bool SafetensorsFile::verify_checksum() const {
  const auto stored = metadata_.find(kChecksumKey);
  if (stored == metadata_.end()) return false;
  const std::string computed = checksum(metadata_, tensors_);
  mapping_.check();
  if (stored->second != computed)
    throw Error(path_.string() + ": damaged, its checksum doesn't fit its content; use another copy");
  return true;
}

}  // namespace poster::io

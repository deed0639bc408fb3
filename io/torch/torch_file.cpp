#include "io/torch/torch_file.h"

#include <algorithm>

#include "io/torch/other_files.h"
#include "io/torch/strided_copy.h"
#include "io/torch/torch_error.h"
#include "io/torch/torch_formats.h"
#include "io/torch/zip_checksum.h"
#include "io/torch/zip_directory.h"

namespace poster::io {
namespace {

std::unique_ptr<TorchContent> read_any(std::span<const std::byte> bytes, bool ignore_unsafe) {
  if (begins_like_zip(bytes)) return read_torch_zip(bytes, ignore_unsafe);
  if (is_torch_legacy(bytes)) return read_torch_legacy(bytes, ignore_unsafe);
  if (begins_like_safetensors(bytes)) throw Error("is a safetensors file; name it .safetensors");
  throw Error(explain_other_file(bytes).value_or(
      "is not a PyTorch checkpoint; check that it is the right file, or download it again"));
}

// Puts the file's name in front of what is wrong with it.
template <typename F>
auto with_name(const std::filesystem::path& path, const MappedFile& mapping, F&& f) {
  try {
    auto result = f();
    mapping.check();
    return result;
  } catch (const Error& error) {
    mapping.check();  // the better reason
    throw Error(path.string() + ": " + error.what());
  }
}

}  // namespace

TorchFile::TorchFile(const std::filesystem::path& path, const TorchOptions& options)
    : path_(path), mapping_(path), bytes_(mapping_.bytes()) {
  content_ = with_name(path_, mapping_, [&] { return read_any(bytes_, options.ignore_unsafe); });
  mapping_.release(bytes_);  // the headers of the zip entries brought in a page or more each
}

TorchFile::TorchFile(std::span<const std::byte> bytes, const std::filesystem::path& name,
                     const TorchOptions& options)
    : path_(name), bytes_(bytes) {
  content_ = with_name(path_, mapping_, [&] { return read_any(bytes_, options.ignore_unsafe); });
}

TorchElements TorchFile::read(std::size_t index) const {
  const TorchTensor& tensor = content_->tensors.at(index);
  TorchStorage& storage = content_->storages[tensor.storage];
  return with_name(path_, mapping_, [&] {
    if (storage.crc32 && crc32_of(storage.bytes) != *storage.crc32)
      damaged("the CRC-32 of its storage " + quoted_name(storage.key) + " doesn't fit");
    storage.crc32.reset();  // checked

    const std::size_t size = size_of(tensor.dtype);
    TensorView view{tensor.dtype, tensor.shape, {}};
    if (std::find(tensor.shape.begin(), tensor.shape.end(), 0) != tensor.shape.end())
      return TorchElements(std::move(view), nullptr);
    std::uint64_t bytes = size;
    for (const std::int64_t side : tensor.shape)
      if (__builtin_mul_overflow(bytes, static_cast<std::uint64_t>(side), &bytes)) bytes = UINT64_MAX;
    const std::byte* const first = storage.bytes.data() + tensor.offset * size;
    if (is_row_major(tensor.shape, tensor.strides)) {
      view.bytes = {first, bytes};
      return TorchElements(std::move(view), nullptr);
    }
    constexpr std::size_t kAlways = 1 << 20;
    if (bytes > 2 * bytes_.size() + kAlways)
      throw Error(
          "a tensor of the shape " + poster::describe(tensor.shape) +
          " repeats its elements to more than twice the file; in PyTorch, save a slice of it without repetition");
    auto copy = std::make_unique_for_overwrite<std::byte[]>(bytes);
    copy_strided(copy.get(), first, size, tensor.shape, tensor.strides);
    view.bytes = {copy.get(), bytes};
    return TorchElements(std::move(view), std::move(copy));
  });
}

void TorchFile::release(std::size_t tensor) const {
  mapping_.release(content_->storages[content_->tensors.at(tensor).storage].bytes);
}

bool is_torch_file(std::span<const std::byte> bytes) { return is_torch_zip(bytes) || is_torch_legacy(bytes); }

bool is_torch_file(const std::filesystem::path& path) {
  try {
    return is_torch_file(MappedFile(path).bytes());
  } catch (const Error&) {
    return false;
  }
}

}  // namespace poster::io

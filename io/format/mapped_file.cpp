#include "io/format/mapped_file.h"

#include <sys/mman.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "engine/error.h"
#include "engine/out_of_memory.h"

namespace poster::io {
namespace {

struct State {
  std::uint64_t size;
  std::int64_t modified;
};

State state_of(const InputFile& file) {
  struct stat status = {};
  if (::fstat(file.descriptor(), &status) != 0) throw_read_error(file.path(), errno);
  return {static_cast<std::uint64_t>(status.st_size),
          std::int64_t{status.st_mtim.tv_sec} * 1'000'000'000 + status.st_mtim.tv_nsec};
}

}  // namespace

MappedFile::MappedFile(const std::filesystem::path& path) : file_(std::in_place, path) {
  modified_ = state_of(*file_).modified;
  const auto size = static_cast<std::size_t>(file_->size());
  if (size == 0) return;  // an empty file can't be mapped
  void* const memory = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file_->descriptor(), 0);
  if (memory == MAP_FAILED && errno == ENOMEM) throw OutOfMemory("mapping", path.string());
  if (memory == MAP_FAILED)
    throw Error(path.string() + ": can't be mapped (" + std::strerror(errno) + "), copy it to a local disk");
  mapping_.bytes = {static_cast<const std::byte*>(memory), size};
  guard_ = MappingGuard(mapping_.bytes);
}

MappedFile::Mapping::~Mapping() {
  if (!bytes.empty()) ::munmap(const_cast<std::byte*>(bytes.data()), bytes.size());
}

void MappedFile::check() const {
  if (!file_) return;
  const State now = state_of(*file_);
  if (guard_.failed() || now.size < file_->size())
    throw Error(file_->path().string() +
                (now.size < file_->size()
                     ? ": was cut short while it was read; give a whole copy that nobody writes to"
                     : ": can't be read (the disk or the network failed), copy it again"));
  if (now.modified != modified_ || now.size != file_->size())
    throw Error(file_->path().string() +
                ": was written to while it was read; wait for the writer and try again");
}

void MappedFile::release(std::span<const std::byte> part) const {
  // The kernel maps pages in windows around the one that is touched, so the neighbours' pages came along.
  constexpr std::uintptr_t kWindow = 1 << 16;
  const auto address = [](const std::byte* byte) { return reinterpret_cast<std::uintptr_t>(byte); };
  const auto begin = std::max(address(part.data()) / kWindow * kWindow, address(mapping_.bytes.data()));
  const auto end = std::min((address(part.data()) + part.size() + kWindow - 1) / kWindow * kWindow,
                            address(mapping_.bytes.data()) + mapping_.bytes.size());
  // Only a hint: what stays mapped can still be dropped by the kernel.
  if (begin < end) ::madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED);
}

}  // namespace poster::io

#include "io/mapped_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstring>

#include "engine/error.h"

namespace poster::io {

MappedFile::MappedFile(const std::filesystem::path& path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);  // a pipe must not block
  if (file < 0)
    throw Error(path.string() + ": can't be opened (" + std::strerror(errno) + "), check the path");
  struct stat status;
  const bool is_regular = ::fstat(file, &status) == 0 && S_ISREG(status.st_mode);
  const auto size = is_regular ? static_cast<std::size_t>(status.st_size) : 0;
  void* memory = nullptr;
  int error_number = 0;
  if (size > 0) {  // an empty file can't be mapped
    memory = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file, 0);
    if (memory == MAP_FAILED) error_number = errno;
  }
  ::close(file);
  if (!is_regular) throw Error(path.string() + ": is not a regular file, give a file");
  if (error_number != 0)
    throw Error(path.string() + ": can't be mapped (" + std::strerror(error_number) +
                "), copy it to a local disk");
  bytes_ = {static_cast<const std::byte*>(memory), size};
}

MappedFile::~MappedFile() {
  if (!bytes_.empty()) ::munmap(const_cast<std::byte*>(bytes_.data()), bytes_.size());
}

void MappedFile::release(std::span<const std::byte> part) const {
  // The kernel maps pages in windows around the one that is touched, so the neighbours' pages came along.
  constexpr std::uintptr_t kWindow = 1 << 16;
  const auto address = [](const std::byte* byte) { return reinterpret_cast<std::uintptr_t>(byte); };
  const auto begin = std::max(address(part.data()) / kWindow * kWindow, address(bytes_.data()));
  const auto end = std::min((address(part.data()) + part.size() + kWindow - 1) / kWindow * kWindow,
                            address(bytes_.data()) + bytes_.size());
  // Only a hint: what stays mapped can still be dropped by the kernel.
  if (begin < end) ::madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED);
}

}  // namespace poster::io

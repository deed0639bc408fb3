// The bytes of a pickle, read from front to back.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "io/torch/little_endian.h"
#include "io/torch/torch_error.h"

namespace poster::io {

class PickleInput {
 public:
  explicit PickleInput(std::span<const std::byte> bytes) : bytes_(bytes) {}

  std::size_t position() const { return position_; }
  std::size_t left() const { return bytes_.size() - position_; }

  template <typename T>
  T number() {
    return load<T>(take(sizeof(T)));
  }
  std::string_view text(std::uint64_t size) {
    return {reinterpret_cast<const char*>(take(size)), static_cast<std::size_t>(size)};
  }
  std::string_view line() {  // up to the next '\n', which is left out
    const std::string_view rest(reinterpret_cast<const char*>(bytes_.data()) + position_, left());
    const std::size_t size = rest.find('\n');
    if (size == std::string_view::npos) damaged("its pickle is cut short");
    position_ += size + 1;
    return rest.substr(0, size);
  }

 private:
  const std::byte* take(std::uint64_t size) {
    if (size > left()) damaged("its pickle is cut short");
    const std::byte* const at = bytes_.data() + position_;
    position_ += static_cast<std::size_t>(size);
    return at;
  }

  std::span<const std::byte> bytes_;
  std::size_t position_ = 0;
};

}  // namespace poster::io

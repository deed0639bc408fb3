#include "io/prepare/npy.h"

#include <bit>
#include <cmath>
#include <cstring>
#include <string_view>

#include "engine/error.h"
#include "io/format/csv.h"

namespace poster::prepare {
namespace {

using Bytes = std::span<const std::uint8_t>;

std::uint64_t unsigned_at(Bytes bytes, std::size_t size, bool big_endian) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < size; ++i) value = value << 8 | bytes[big_endian ? i : size - 1 - i];
  return value;
}

// The text between the quotes behind 'key': in the header, which is a Python dictionary.
std::string_view quoted_value(std::string_view header, std::string_view key) {
  const std::size_t at = header.find(key);
  if (at == std::string_view::npos) return {};
  const std::size_t open = header.find('\'', at + key.size());
  if (open == std::string_view::npos) return {};
  const std::size_t close = header.find('\'', open + 1);
  return close == std::string_view::npos ? std::string_view{} : header.substr(open + 1, close - open - 1);
}

std::string text_value(Bytes data, std::size_t step, bool big_endian) {
  std::string text;
  for (std::size_t at = 0; at + step <= data.size(); at += step) {
    const std::uint64_t code = unsigned_at(data.subspan(at, step), step, big_endian);
    if (code == 0) break;
    text += code < 0x80 ? static_cast<char>(code) : '?';
  }
  return text;
}

double float_value(Bytes data, bool big_endian) {
  const std::uint64_t bits = unsigned_at(data, data.size(), big_endian);
  if (data.size() == 4) return std::bit_cast<float>(static_cast<std::uint32_t>(bits));
  return std::bit_cast<double>(bits);
}

}  // namespace

long read_npy_integer(Bytes bytes, const std::string& name) {
  const auto fail = [&](const std::string& what) -> Error {
    return Error(name + ": " + what + "; fetch it again");
  };
  if (bytes.size() < 12 || std::memcmp(bytes.data(), "\x93NUMPY", 6) != 0) throw fail("no NumPy file");
  const std::size_t length_bytes = bytes[6] == 1 ? 2 : 4, begin = 8 + length_bytes;
  const std::uint64_t length = unsigned_at(bytes.subspan(8), length_bytes, false);
  if (length > bytes.size() - begin) throw fail("the NumPy file ends early");
  const std::string_view header(reinterpret_cast<const char*>(bytes.data()) + begin, length);
  const Bytes data = bytes.subspan(begin + length);
  const std::string_view type = quoted_value(header, "'descr'");
  if (type.size() < 3) throw fail("a NumPy file without a type");
  const bool big_endian = type[0] == '>';
  const auto count = io::parse_integer(type.substr(2));
  const std::size_t size = count && *count > 0 && *count <= 64 ? static_cast<std::size_t>(*count) : 0;
  const std::size_t width = type[1] == 'U' ? 4 * size : size;
  if (width == 0 || data.size() != width) throw fail("not one value of a known type");
  std::optional<double> value;
  if (type[1] == 'U' || type[1] == 'S')
    value = io::parse_number(text_value(data, type[1] == 'U' ? 4 : 1, big_endian));
  else if (type[1] == 'u' || type[1] == 'i')
    value = static_cast<double>(
        static_cast<std::int64_t>(unsigned_at(data, std::min<std::size_t>(size, 8), big_endian)));
  else if (type[1] == 'f' && (size == 4 || size == 8))
    value = float_value(data, big_endian);
  if (!value || *value != std::floor(*value) || std::abs(*value) > 1e6) throw fail("not a whole number");
  return static_cast<long>(*value);
}

}  // namespace poster::prepare

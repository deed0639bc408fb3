// The opcodes that push numbers and texts.
#include <charconv>

#include "io/format/utf8.h"
#include "io/torch/pickle_opcodes.h"
#include "io/torch/unpickler.h"

namespace poster::io {
namespace {

// A number written out on a line, all of it.
template <typename T>
T parse_number(std::string_view line) {
  T number{};
  const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), number);
  if (error != std::errc() || end != line.data() + line.size()) damaged("its pickle holds a broken number");
  return number;
}

PickleValue text_value(std::string_view text) {
  // Python lets lone surrogates through; they are nobody's names.
  return PickleValue::of_text(is_utf8(text) ? PickleKind::text : PickleKind::bytes, text);
}

// Little-endian two's complement of any length.
PickleValue long_value(std::string_view bytes) {
  if (bytes.size() > 8) return PickleValue::of_text(PickleKind::big_integer, bytes);
  std::uint64_t number = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i)
    number |= std::uint64_t{static_cast<unsigned char>(bytes[i])} << (8 * i);
  if (!bytes.empty() && bytes.size() < 8 && (bytes.back() & 0x80))
    number |= ~std::uint64_t{0} << (8 * bytes.size());
  return PickleValue::integer(static_cast<std::int64_t>(number));
}

double big_endian_double(std::uint64_t bits) { return std::bit_cast<double>(__builtin_bswap64(bits)); }

}  // namespace

bool Unpickler::push_constant(unsigned char opcode) {
  switch (opcode) {
    case op::kNone:
      return push(PickleValue()), true;
    case op::kNewTrue:
      return push(PickleValue::boolean(true)), true;
    case op::kNewFalse:
      return push(PickleValue::boolean(false)), true;
    case op::kEmptyTuple:
      return push_tuple(0), true;
    case op::kEmptyList:
      return push(tree_.make_list()), true;
    case op::kEmptyDict:
      return push(tree_.make_dict()), true;
    case op::kEmptySet:
      return push(tree_.make_set({})), true;
    default:
      return false;
  }
}

bool Unpickler::push_number(unsigned char opcode) {
  switch (opcode) {
    case op::kBinInt1:
      return push(PickleValue::integer(input_.number<std::uint8_t>())), true;
    case op::kBinInt2:
      return push(PickleValue::integer(input_.number<std::uint16_t>())), true;
    case op::kBinInt:
      return push(PickleValue::integer(input_.number<std::int32_t>())), true;
    case op::kLong1:
      return push(long_value(input_.text(input_.number<std::uint8_t>()))), true;
    case op::kLong4: {
      const auto size = input_.number<std::int32_t>();
      if (size < 0) damaged("its pickle holds a number of negative size");
      return push(long_value(input_.text(static_cast<std::uint64_t>(size)))), true;
    }
    case op::kBinFloat:
      return push(PickleValue::floating(big_endian_double(input_.number<std::uint64_t>()))), true;
    case op::kInt: {
      const std::string_view line = input_.line();
      const bool is_boolean = line == "00" || line == "01";
      const auto number = parse_number<std::int64_t>(line);
      return push(is_boolean ? PickleValue::boolean(number != 0) : PickleValue::integer(number)), true;
    }
    case op::kLong: {
      std::string_view line = input_.line();
      if (line.ends_with('L')) line.remove_suffix(1);
      if (line.size() > 18) return push(PickleValue::of_text(PickleKind::big_integer, line)), true;
      return push(PickleValue::integer(parse_number<std::int64_t>(line))), true;
    }
    case op::kFloat:
      return push(PickleValue::floating(parse_number<double>(input_.line()))), true;
    default:
      return false;
  }
}

bool Unpickler::push_text(unsigned char opcode) {
  const auto bytes = [&](std::uint64_t size) {
    push(PickleValue::of_text(PickleKind::bytes, input_.text(size)));
    return true;
  };
  switch (opcode) {
    case op::kShortBinUnicode:
    case op::kShortBinString:  // Python 2's str
      return push(text_value(input_.text(input_.number<std::uint8_t>()))), true;
    case op::kBinUnicode:
      return push(text_value(input_.text(input_.number<std::uint32_t>()))), true;
    case op::kBinUnicode8:
      return push(text_value(input_.text(input_.number<std::uint64_t>()))), true;
    case op::kBinString: {
      const auto size = input_.number<std::int32_t>();
      if (size < 0) damaged("its pickle holds a text of negative size");
      return push(text_value(input_.text(static_cast<std::uint64_t>(size)))), true;
    }
    case op::kShortBinBytes:
      return bytes(input_.number<std::uint8_t>());
    case op::kBinBytes:
      return bytes(input_.number<std::uint32_t>());
    case op::kBinBytes8:
    case op::kByteArray8:
      return bytes(input_.number<std::uint64_t>());
    default:
      return false;
  }
}

}  // namespace poster::io

#include "io/torch/known_calls.h"

#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

#include "kernels/half.h"

namespace poster::io {
namespace {

using Result = std::optional<PickleValue>;

bool is_sequence(const PickleValue& value) {
  return value.is(PickleKind::list) || value.is(PickleKind::tuple) || value.is(PickleKind::set);
}

// A dict of another dict, or of a list of pairs.
Result make_dict(PickleTree& tree, const PickleValue& from) {
  const PickleValue dict = tree.make_dict();
  for (std::size_t i = 0; i < from.entry_count(); ++i) tree.set_entry(dict, from.key(i), from.value(i));
  for (std::size_t i = 0; i < from.size(); ++i) {
    if (!is_sequence(from[i]) || from[i].size() != 2) return std::nullopt;
    tree.set_entry(dict, from[i][0], from[i][1]);
  }
  return dict;
}

Result make_set(PickleTree& tree, const PickleValue& from) {
  const PickleValue set = tree.make_set({});
  for (std::size_t i = 0; i < from.size(); ++i) tree.append(set, from[i]);
  return set;
}

// The bytes of a text whose characters are all below U+0100, encoded in UTF-8: how protocol 2 stores bytes.
Result encode_latin1(PickleTree& tree, std::string_view text) {
  std::string bytes;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto first = static_cast<unsigned char>(text[i]);
    if (first < 0x80) {
      bytes.push_back(text[i]);
    } else if (first <= 0xC3 && i + 1 < text.size()) {
      const auto second = static_cast<unsigned char>(text[++i]);
      bytes.push_back(static_cast<char>((first & 3) << 6 | (second & 0x3F)));
    } else {
      return std::nullopt;
    }
  }
  return tree.make_text(PickleKind::bytes, std::move(bytes));
}

Result encode(PickleTree& tree, const PickleValue& arguments) {
  if (arguments.size() != 2 || !arguments[0].is(PickleKind::text)) return std::nullopt;
  const std::string_view encoding = arguments[1].text();
  if (encoding != "latin1" && encoding != "latin-1") return std::nullopt;
  return encode_latin1(tree, arguments[0].text());
}

Result make_bytes(PickleTree& tree, const PickleValue& arguments) {
  if (arguments.size() == 0) return PickleValue::of_text(PickleKind::bytes, "");
  if (arguments.size() == 1 && arguments[0].is(PickleKind::bytes)) return arguments[0];
  return encode(tree, arguments);
}

template <typename T>
T read(std::string_view bytes) {
  T value = {};
  std::memcpy(&value, bytes.data(), sizeof value);
  return value;
}

// numpy.dtype('f8', …) with its state (3, '<', …), and the number's bytes.
Result numpy_scalar(const PickleValue& dtype, std::string_view bytes) {
  if (dtype.text() != "numpy.dtype" || dtype.arguments().size() == 0) return std::nullopt;
  const std::string_view type = dtype.arguments()[0].text();
  const PickleValue state = dtype.state();
  if (state.size() > 1 && state[1].text() == ">") return std::nullopt;
  if (type.size() != 2 || bytes.size() != static_cast<std::size_t>(type[1] - '0')) return std::nullopt;
  const auto is = [&](std::string_view name) { return type == name; };
  if (is("f8")) return PickleValue::floating(read<double>(bytes));
  if (is("f4")) return PickleValue::floating(static_cast<double>(read<float>(bytes)));
  if (is("f2")) return PickleValue::floating(static_cast<double>(static_cast<float>(read<Half>(bytes))));
  if (is("i8")) return PickleValue::integer(read<std::int64_t>(bytes));
  if (is("i4")) return PickleValue::integer(read<std::int32_t>(bytes));
  if (is("i2")) return PickleValue::integer(read<std::int16_t>(bytes));
  if (is("i1")) return PickleValue::integer(read<std::int8_t>(bytes));
  if (is("u4")) return PickleValue::integer(read<std::uint32_t>(bytes));
  if (is("u2")) return PickleValue::integer(read<std::uint16_t>(bytes));
  if (is("u1")) return PickleValue::integer(read<std::uint8_t>(bytes));
  if (is("b1")) return PickleValue::boolean(bytes[0] != 0);
  return std::nullopt;
}

}  // namespace

std::optional<PickleValue> known_call(PickleTree& tree, std::string_view name, const PickleValue& arguments) {
  const std::size_t count = arguments.size();
  const auto argument = [&](std::size_t i) { return i < count ? arguments[i] : PickleValue(); };
  if (name.starts_with("__builtin__.")) name.remove_prefix(std::strlen("__builtin__."));
  if (name.starts_with("builtins.")) name.remove_prefix(std::strlen("builtins."));

  if (name == "collections.OrderedDict" || name == "collections.Counter")
    return count <= 1 ? make_dict(tree, argument(0)) : std::nullopt;
  if (name == "collections.defaultdict") return count <= 2 ? make_dict(tree, argument(1)) : std::nullopt;
  if (name == "torch.Size" && count == 1 && is_sequence(argument(0)))
    return argument(0).is(PickleKind::tuple) ? Result(argument(0)) : std::nullopt;
  if (name == "set" || name == "frozenset") return count <= 1 ? make_set(tree, argument(0)) : std::nullopt;
  if (name == "bytes" || name == "bytearray") return make_bytes(tree, arguments);
  if (name == "_codecs.encode") return encode(tree, arguments);
  if (name == "numpy.core.multiarray.scalar" || name == "numpy._core.multiarray.scalar")
    return count == 2 && argument(1).is(PickleKind::bytes) ? numpy_scalar(argument(0), argument(1).text())
                                                           : std::nullopt;
  // (class, shape, type): an empty array that its state fills.
  if (name == "numpy.core.multiarray._reconstruct" || name == "numpy._core.multiarray._reconstruct")
    return argument(0).is(PickleKind::global) ? Result(tree.make_object(argument(0), tree.make_tuple({})))
                                              : std::nullopt;
  // (class, base, value of the base): protocols before 2.
  if (name == "copyreg._reconstructor" || name == "copy_reg._reconstructor")
    return argument(0).is(PickleKind::global) ? Result(tree.make_object(argument(0), arguments))
                                              : std::nullopt;
  return std::nullopt;
}

bool is_plain_data(std::string_view name) {
  constexpr std::string_view kNames[] = {"torch.device", "argparse.Namespace", "types.SimpleNamespace"};
  constexpr std::string_view kModules[] = {"builtins.", "__builtin__.", "collections.",
                                           "datetime.", "decimal.",     "fractions.",
                                           "numpy.",    "pathlib.",     "uuid."};
  return std::any_of(std::begin(kNames), std::end(kNames), [&](auto known) { return known == name; }) ||
         std::any_of(std::begin(kModules), std::end(kModules), [&](auto m) { return name.starts_with(m); });
}

}  // namespace poster::io

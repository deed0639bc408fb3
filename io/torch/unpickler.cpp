#include "io/torch/unpickler.h"

#include <charconv>

#include "io/torch/pickle_opcodes.h"
#include "io/torch/utf8.h"

namespace poster::io {
namespace {

constexpr std::size_t kMemoGaps = 1000;  // picklers count from 0 or 1; optimised ones leave a few out

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

void Unpickler::push(PickleValue value) {
  stack_.push_back(value);
  if (stack_.size() > highest_) {
    tree_.charge(2 * sizeof value);
    highest_ = stack_.size();
  }
}

PickleValue Unpickler::top() const {
  if (stack_.size() <= (marks_.empty() ? 0 : marks_.back())) damaged("its pickle takes more than there is");
  return stack_.back();
}

PickleValue Unpickler::pop() {
  const PickleValue value = top();
  stack_.pop_back();
  return value;
}

std::size_t Unpickler::pop_mark() {
  if (marks_.empty()) damaged("its pickle lacks a mark");
  const std::size_t mark = marks_.back();
  marks_.pop_back();
  return mark;
}

std::vector<PickleValue> Unpickler::pop_items() {
  const std::size_t first = pop_mark();
  std::vector<PickleValue> items(stack_.begin() + static_cast<std::ptrdiff_t>(first), stack_.end());
  stack_.resize(first);
  return items;
}

void Unpickler::push_tuple(std::size_t size) {
  std::vector<PickleValue> items(size);
  while (size-- > 0) items[size] = pop();
  push(tree_.make_tuple(std::move(items)));
}

// What lies on the stack from `first` on goes into the list, set or object below it.
void Unpickler::append(std::size_t first) {
  const std::vector<PickleValue> items(stack_.begin() + static_cast<std::ptrdiff_t>(first), stack_.end());
  stack_.resize(first);
  const PickleValue to = top();
  if (!to.is(PickleKind::list) && !to.is(PickleKind::set) && !to.is(PickleKind::object))
    damaged("its pickle appends to " + describe(to));
  for (const PickleValue& item : items) tree_.append(to, item);
}

void Unpickler::set_items(std::size_t first) {
  const std::vector<PickleValue> items(stack_.begin() + static_cast<std::ptrdiff_t>(first), stack_.end());
  stack_.resize(first);
  const PickleValue in = top();
  if (!in.is(PickleKind::dict) && !in.is(PickleKind::object))
    damaged("its pickle sets entries of " + describe(in));
  if (items.size() % 2 != 0) damaged("its pickle has a key without a value");
  for (std::size_t i = 0; i < items.size(); i += 2) tree_.set_entry(in, items[i], items[i + 1]);
}

void Unpickler::memoize(std::uint64_t index) {
  const PickleValue value = top();
  if (index >= memo_.size()) {
    if (index - memo_.size() > kMemoGaps) damaged("its pickle leaves gaps in its memo");
    tree_.charge(2 * sizeof value * (index + 1 - memo_.size()));
    memo_.resize(index + 1);
  }
  memo_[index] = value;
}

void Unpickler::push_global(std::string_view module, std::string_view name) {
  if (module.empty() || name.empty() || !is_utf8(module) || !is_utf8(name))
    damaged("its pickle holds a broken name");
  push(meaning_.global(module, name));
}

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

bool Unpickler::build_container(unsigned char opcode) {
  switch (opcode) {
    case op::kMark:
      tree_.charge(2 * sizeof(std::size_t));
      return marks_.push_back(stack_.size()), true;
    case op::kPop:
      if (!marks_.empty() && marks_.back() == stack_.size()) return marks_.pop_back(), true;
      return pop(), true;
    case op::kPopMark:
      return stack_.resize(pop_mark()), true;
    case op::kDup:
      return push(top()), true;
    case op::kTuple:
      return push(tree_.make_tuple(pop_items())), true;
    case op::kTuple1:
    case op::kTuple2:
    case op::kTuple3:
      return push_tuple(opcode - op::kTuple1 + 1u), true;
    case op::kList:
    case op::kDict: {
      const std::size_t first = marks_.empty() ? 0 : marks_.back();
      pop_mark();
      stack_.insert(stack_.begin() + static_cast<std::ptrdiff_t>(first),
                    opcode == op::kList ? tree_.make_list() : tree_.make_dict());
      return opcode == op::kList ? append(first + 1) : set_items(first + 1), true;
    }
    case op::kFrozenSet:
      return push(tree_.make_set(pop_items())), true;
    case op::kAppend:
      top();
      return append(stack_.size() - 1), true;
    case op::kAppends:
    case op::kAddItems:
      return append(pop_mark()), true;
    case op::kSetItem: {
      const PickleValue value = pop(), key = pop();
      push(key), push(value);
      return set_items(stack_.size() - 2), true;
    }
    case op::kSetItems:
      return set_items(pop_mark()), true;
    default:
      return false;
  }
}

bool Unpickler::use_memo(unsigned char opcode) {
  const auto get = [&](std::uint64_t index) {
    if (index >= memo_.size()) damaged("its pickle recalls what it never noted");
    push(memo_[index]);
    return true;
  };
  switch (opcode) {
    case op::kBinPut:
      return memoize(input_.number<std::uint8_t>()), true;
    case op::kLongBinPut:
      return memoize(input_.number<std::uint32_t>()), true;
    case op::kMemoize:
      return memoize(memo_.size()), true;
    case op::kBinGet:
      return get(input_.number<std::uint8_t>());
    case op::kLongBinGet:
      return get(input_.number<std::uint32_t>());
    default:
      return false;
  }
}

bool Unpickler::make_object(unsigned char opcode) {
  switch (opcode) {
    case op::kGlobal: {
      const std::string_view module = input_.line(), name = input_.line();
      return push_global(module, name), true;
    }
    case op::kStackGlobal: {
      const PickleValue name = pop(), module = pop();
      if (!name.is(PickleKind::text) || !module.is(PickleKind::text))
        damaged("its pickle holds a broken name");
      return push_global(module.text(), name.text()), true;
    }
    case op::kReduce:
    case op::kNewObj:
    case op::kNewObjEx: {
      const PickleValue keywords = opcode == op::kNewObjEx ? pop() : PickleValue();
      PickleValue arguments = pop();
      const PickleValue callable = pop();
      if (!arguments.is(PickleKind::tuple)) damaged("its pickle calls with " + describe(arguments));
      if (keywords.entry_count() > 0) arguments = tree_.make_tuple({arguments, keywords});
      return push(meaning_.call(callable, arguments)), true;
    }
    case op::kInst: {
      const std::string_view module = input_.line(), name = input_.line();
      const PickleValue arguments = tree_.make_tuple(pop_items());
      push_global(module, name);
      return push(meaning_.call(pop(), arguments)), true;
    }
    case op::kObj: {
      std::vector<PickleValue> items = pop_items();
      if (items.empty()) damaged("its pickle makes an object of no class");
      const PickleValue callable = items.front();
      items.erase(items.begin());
      return push(meaning_.call(callable, tree_.make_tuple(std::move(items)))), true;
    }
    case op::kBuild: {
      const PickleValue state = pop();
      return meaning_.set_state(top(), state), true;
    }
    case op::kBinPersId:
      return push(meaning_.persistent(pop())), true;
    default:
      return false;
  }
}

bool Unpickler::step() {
  const auto opcode = input_.number<unsigned char>();
  switch (opcode) {
    case op::kStop:
      return false;
    case op::kProto:
      if (input_.number<std::uint8_t>() > 5) damaged("its pickle is of a protocol later than 5");
      return true;
    case op::kFrame:  // how much follows in one piece: of use to those who read from a stream
      if (input_.number<std::uint64_t>() > input_.left()) damaged("its pickle is cut short");
      return true;
    default:
      break;
  }
  if (push_constant(opcode) || push_number(opcode) || push_text(opcode) || build_container(opcode) ||
      use_memo(opcode) || make_object(opcode))
    return true;
  damaged("its pickle holds the opcode " + std::to_string(opcode) + ", which torch.save never writes");
}

PickleValue Unpickler::read() {
  while (step()) continue;
  if (stack_.size() != 1 || !marks_.empty()) damaged("its pickle ends in the middle");
  return stack_.back();
}

}  // namespace poster::io

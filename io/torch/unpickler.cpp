#include "io/torch/unpickler.h"

#include "io/format/utf8.h"
#include "io/torch/pickle_opcodes.h"

namespace poster::io {
namespace {

constexpr std::size_t kMemoGaps = 1000;  // picklers count from 0 or 1; optimised ones leave a few out

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

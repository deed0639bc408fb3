#include "io/torch/pickle_value.h"

#include <algorithm>
#include <bit>

#include "engine/error.h"

namespace poster::io {
namespace {

// Slots of an object's node. `state` is also slot 0 of a dict, before its keys and values.
enum Slot : std::size_t { kState, kCallable, kArguments, kItems, kEntries, kSlots };

constexpr std::size_t kNodeMemory = 64;  // a deque's element and the allocation that a vector makes

[[noreturn]] void wrong_kind(const PickleValue& value, const char* wanted) {
  throw Error("the checkpoint holds " + describe(value) + " where " + wanted +
              " belongs; check that it is what you meant to give");
}

}  // namespace

PickleValue PickleValue::floating(double value) {
  return {PickleKind::floating, 0, std::bit_cast<std::uint64_t>(value)};
}

PickleValue PickleValue::of_text(PickleKind kind, std::string_view text) {
  return {kind, text.size(), reinterpret_cast<std::uint64_t>(text.data())};
}

bool PickleValue::as_boolean() const {
  if (!is(PickleKind::boolean)) wrong_kind(*this, "True or False");
  return payload_ != 0;
}

std::int64_t PickleValue::as_integer() const {
  if (!is(PickleKind::integer) && !is(PickleKind::boolean)) wrong_kind(*this, "a whole number");
  return static_cast<std::int64_t>(payload_);
}

double PickleValue::as_number() const {
  if (is(PickleKind::floating)) return std::bit_cast<double>(payload_);
  if (!is(PickleKind::integer) && !is(PickleKind::boolean)) wrong_kind(*this, "a number");
  return static_cast<double>(static_cast<std::int64_t>(payload_));
}

std::string_view PickleValue::as_text() const {
  if (!is(PickleKind::text)) wrong_kind(*this, "a text");
  return text();
}

std::string_view PickleValue::as_bytes() const {
  if (!is(PickleKind::bytes)) wrong_kind(*this, "bytes");
  return text();
}

std::size_t PickleValue::index() const {
  if (!is(PickleKind::tensor) && !is(PickleKind::storage)) wrong_kind(*this, "a tensor");
  return payload_;
}

std::string_view PickleValue::text() const {
  switch (kind()) {
    case PickleKind::text:
    case PickleKind::bytes:
    case PickleKind::global:
    case PickleKind::big_integer:
      return {characters(), size_};
    case PickleKind::object: {  // made by calling another object: without a name
      const PickleValue& callable = (*node())[kCallable];
      return callable.is(PickleKind::global) ? callable.text() : std::string_view();
    }
    default:
      return {};
  }
}

const std::vector<PickleValue>* PickleValue::node() const {
  return reinterpret_cast<const std::vector<PickleValue>*>(payload_);
}

std::size_t PickleValue::size() const {
  switch (kind()) {
    case PickleKind::list:
    case PickleKind::tuple:
    case PickleKind::set:
      return node()->size();
    case PickleKind::object:
      return (*node())[kItems].size();
    default:
      return 0;
  }
}

PickleValue PickleValue::operator[](std::size_t i) const {
  if (i >= size()) wrong_kind(*this, "something longer");
  return is(PickleKind::object) ? (*node())[kItems][i] : (*node())[i];
}

std::size_t PickleValue::entry_count() const {
  if (is(PickleKind::object)) return (*node())[kEntries].entry_count();
  return is(PickleKind::dict) ? (node()->size() - 1) / 2 : 0;
}

PickleValue PickleValue::key(std::size_t i) const {
  if (i >= entry_count()) wrong_kind(*this, "a longer dict");
  return is(PickleKind::object) ? (*node())[kEntries].key(i) : (*node())[1 + 2 * i];
}

PickleValue PickleValue::value(std::size_t i) const {
  if (i >= entry_count()) wrong_kind(*this, "a longer dict");
  return is(PickleKind::object) ? (*node())[kEntries].value(i) : (*node())[2 + 2 * i];
}

const PickleValue* PickleValue::find(std::string_view key) const {
  if (is(PickleKind::object)) return (*node())[kEntries].find(key);
  for (std::size_t i = 0; i < entry_count(); ++i)
    if (this->key(i).is(PickleKind::text) && this->key(i).text() == key) return &(*node())[2 + 2 * i];
  return nullptr;
}

PickleValue PickleValue::arguments() const {
  return is(PickleKind::object) ? (*node())[kArguments] : PickleValue();
}

PickleValue PickleValue::state() const {
  return is(PickleKind::object) || is(PickleKind::dict) ? (*node())[kState] : PickleValue();
}

void PickleTree::charge(std::size_t bytes) {
  if (bytes > most_memory_ - memory_)
    throw Error(
        "its objects would take much more memory than the file is large, so it is damaged or hostile");
  memory_ += bytes;
}

PickleValue PickleTree::make_node(PickleKind kind, std::vector<PickleValue> values) {
  charge(kNodeMemory + values.size() * sizeof(PickleValue));
  nodes_.push_back(std::move(values));
  const PickleValue made(kind, 0, reinterpret_cast<std::uint64_t>(&nodes_.back()));
  if (kind == PickleKind::dict) dicts_.push_back(static_cast<std::uint32_t>(nodes_.size() - 1));
  return made;
}

PickleValue PickleTree::make_object(PickleValue callable, PickleValue arguments) {
  std::vector<PickleValue> slots(kSlots);
  slots[kCallable] = callable;
  slots[kArguments] = arguments;
  return make_node(PickleKind::object, std::move(slots));
}

PickleValue PickleTree::make_text(PickleKind kind, std::string text) {
  charge(sizeof(std::string) + text.size());
  return PickleValue::of_text(kind, texts_.emplace_back(std::move(text)));
}

std::vector<PickleValue>& PickleTree::node_of(PickleValue value) {
  return const_cast<std::vector<PickleValue>&>(*value.node());
}

void PickleTree::push(std::vector<PickleValue>& values, PickleValue value) {
  charge(2 * sizeof value);  // vectors grow by doubling
  values.push_back(value);
}

void PickleTree::append(PickleValue to, PickleValue item) {
  if (to.is(PickleKind::object)) {
    PickleValue& items = node_of(to)[kItems];
    if (items.is_none()) items = make_list();
    to = items;
  }
  push(node_of(to), item);
}

void PickleTree::set_entry(PickleValue in, PickleValue key, PickleValue value) {
  if (in.is(PickleKind::object)) {
    PickleValue& entries = node_of(in)[kEntries];
    if (entries.is_none()) entries = make_dict();
    in = entries;
  }
  push(node_of(in), key);
  push(node_of(in), value);
}

void PickleTree::set_state(PickleValue of, PickleValue state) { node_of(of)[kState] = state; }

const std::string* PickleTree::find_duplicate_key() {
  std::vector<std::string_view> keys;
  for (const std::uint32_t dict : dicts_) {
    const std::vector<PickleValue>& node = nodes_[dict];
    keys.clear();
    for (std::size_t i = 1; i < node.size(); i += 2)
      if (node[i].is(PickleKind::text)) keys.push_back(node[i].text());
    std::sort(keys.begin(), keys.end());
    const auto twice = std::adjacent_find(keys.begin(), keys.end());
    if (twice != keys.end()) return &(duplicate_ = *twice);
  }
  return nullptr;
}

}  // namespace poster::io

// What a pickle holds, as inert data: numbers, texts, containers, and objects that are only names with what
// they were given. Nothing here can call anything.
//
// A PickleValue is a small handle; everything it refers to lies in a PickleTree and in the bytes that were
// read, and stays valid as long as both live. Handles may be copied freely. One node may hang in several
// places, also below itself (a list can hold itself): walk with a bound.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

namespace poster::io {

enum class PickleKind : std::uint8_t {
  none,
  boolean,
  integer,      // of 64 bits
  big_integer,  // text(): its bytes, little-endian two's complement, or its decimal digits
  floating,
  text,   // valid UTF-8
  bytes,  // also texts that are not valid UTF-8
  list,
  tuple,
  set,
  dict,     // dict, OrderedDict, defaultdict, Counter
  global,   // the name of a class or function: "torch.float32"
  object,   // what a class or function would have made: its name, its arguments, its state
  tensor,   // index(): of TorchFile::tensors()
  storage,  // a tensor's bytes without a shape
};

class PickleTree;

class PickleValue {
 public:
  PickleValue() : PickleValue(PickleKind::none, 0, 0) {}
  static PickleValue boolean(bool value) { return {PickleKind::boolean, 0, value}; }
  static PickleValue integer(std::int64_t value) {
    return {PickleKind::integer, 0, static_cast<std::uint64_t>(value)};
  }
  static PickleValue floating(double value);
  // text, bytes, global or big_integer; the memory is somebody else's.
  static PickleValue of_text(PickleKind kind, std::string_view text);
  static PickleValue tensor(std::size_t index) { return {PickleKind::tensor, 0, index}; }
  static PickleValue storage(std::size_t index) { return {PickleKind::storage, 0, index}; }

  PickleKind kind() const { return static_cast<PickleKind>(kind_); }
  bool is(PickleKind kind) const { return this->kind() == kind; }
  bool is_none() const { return is(PickleKind::none); }
  bool is_name(std::string_view name) const { return is(PickleKind::global) && text() == name; }

  // Each throws poster::Error for a value of another kind.
  bool as_boolean() const;
  std::int64_t as_integer() const;    // also of a boolean
  double as_number() const;           // of an integer, a boolean or a float
  std::string_view as_text() const;   // of a text
  std::string_view as_bytes() const;  // of bytes
  std::size_t index() const;          // of a tensor or a storage

  // text, bytes, global, big_integer: the characters; an object: the name of what makes it; else "".
  std::string_view text() const;

  // list, tuple, set: its elements; an object: what was appended to it; else none. Here and below, an index
  // beyond the last throws poster::Error.
  std::size_t size() const;
  PickleValue operator[](std::size_t i) const;

  // dict: its pairs in their order; an object: what was set in it by key; else none.
  std::size_t entry_count() const;
  PickleValue key(std::size_t i) const;
  PickleValue value(std::size_t i) const;
  // The value under a text; nullptr when there is none (or this is no dict). Linear in the size.
  const PickleValue* find(std::string_view key) const;

  PickleValue arguments() const;  // of an object: a tuple; else none
  // Of an object, or of a dict of a class that has attributes (OrderedDict's _metadata): usually a dict.
  PickleValue state() const;

  // Whether both are the same node, or equal numbers or texts.
  bool same_as(const PickleValue& other) const {
    return head() == other.head() && payload_ == other.payload_;
  }

 private:
  friend class PickleTree;
  PickleValue(PickleKind kind, std::uint64_t size, std::uint64_t payload)
      : kind_(static_cast<std::uint64_t>(kind)), size_(size), payload_(payload) {}
  std::uint64_t head() const { return size_ << 8 | kind_; }
  const std::vector<PickleValue>* node() const;
  const char* characters() const { return reinterpret_cast<const char*>(payload_); }

  std::uint64_t kind_ : 8, size_ : 56;  // of a text
  std::uint64_t payload_;               // the number, the address of the characters or of the node
};

static_assert(sizeof(PickleValue) == 16);

// Owns the nodes. Its memory is bounded: a few bytes of a hostile file can ask for a lot.
class PickleTree {
 public:
  explicit PickleTree(std::size_t most_memory) : most_memory_(most_memory) {}

  PickleValue make_list() { return make_node(PickleKind::list, {}); }
  PickleValue make_tuple(std::vector<PickleValue> items) {
    return make_node(PickleKind::tuple, std::move(items));
  }
  PickleValue make_set(std::vector<PickleValue> items) {
    return make_node(PickleKind::set, std::move(items));
  }
  PickleValue make_dict() { return make_node(PickleKind::dict, {PickleValue()}); }
  PickleValue make_object(PickleValue callable, PickleValue arguments);
  PickleValue make_text(PickleKind kind, std::string text);

  // Of a list, a set or an object.
  void append(PickleValue to, PickleValue item);
  // Of a dict or an object.
  void set_entry(PickleValue in, PickleValue key, PickleValue value);
  // Of a dict or an object.
  void set_state(PickleValue of, PickleValue state);

  // Counts memory that somebody else needs for this file's objects; throws poster::Error beyond the bound.
  void charge(std::size_t bytes);

  // The first text that is a key of some dict twice; nullptr when there is none.
  const std::string* find_duplicate_key();

 private:
  PickleValue make_node(PickleKind kind, std::vector<PickleValue> values);
  std::vector<PickleValue>& node_of(PickleValue value);
  void push(std::vector<PickleValue>& values, PickleValue value);

  std::size_t most_memory_, memory_ = 0;
  std::deque<std::vector<PickleValue>> nodes_;
  std::vector<std::uint32_t> dicts_;
  std::deque<std::string> texts_;
  std::string duplicate_;
};

// As Python would print it, shortened to about that many characters; one line.
std::string describe(const PickleValue& value, std::size_t most_characters = 100);

}  // namespace poster::io

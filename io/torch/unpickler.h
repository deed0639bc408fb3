// Reads one pickle (Python's Lib/pickletools.py describes the opcodes; protocols 1 to 5 are read, the
// printable protocol 0 is not) into inert values. The machine itself knows no names: what a name, a call or a
// reference out of the pickle means is asked of a PickleMeaning.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

#include "io/torch/pickle_input.h"
#include "io/torch/pickle_value.h"

namespace poster::io {

class PickleMeaning {
 public:
  virtual ~PickleMeaning() = default;
  // A class or function is named: module "collections", name "OrderedDict".
  virtual PickleValue global(std::string_view module, std::string_view name) = 0;
  // callable(*arguments), or callable.__new__(callable, *arguments). The arguments are a tuple.
  virtual PickleValue call(const PickleValue& callable, const PickleValue& arguments) = 0;
  // object.__setstate__(state)
  virtual void set_state(const PickleValue& object, const PickleValue& state) = 0;
  // What lies outside of the pickle under that id.
  virtual PickleValue persistent(const PickleValue& id) = 0;
};

class Unpickler {
 public:
  // Texts in the result refer to `bytes`. What lies behind the pickle is not looked at.
  Unpickler(std::span<const std::byte> bytes, PickleTree& tree, PickleMeaning& meaning)
      : input_(bytes), tree_(tree), meaning_(meaning) {}

  // Throws poster::Error (without the file's name) for what is no pickle.
  PickleValue read();
  // Bytes that it took.
  std::size_t position() const { return input_.position(); }

 private:
  bool step();  // false at the end
  bool push_constant(unsigned char opcode);
  bool push_number(unsigned char opcode);
  bool push_text(unsigned char opcode);
  bool build_container(unsigned char opcode);
  bool use_memo(unsigned char opcode);
  bool make_object(unsigned char opcode);

  void push(PickleValue value);
  PickleValue pop();
  PickleValue top() const;
  std::size_t pop_mark();
  std::vector<PickleValue> pop_items();  // down to the last mark
  void push_tuple(std::size_t size);
  void append(std::size_t first);
  void set_items(std::size_t first);
  void memoize(std::uint64_t index);
  void push_global(std::string_view module, std::string_view name);

  PickleInput input_;
  PickleTree& tree_;
  PickleMeaning& meaning_;
  std::vector<PickleValue> stack_, memo_;
  std::vector<std::size_t> marks_;  // sizes of the stack
  std::size_t highest_ = 0;         // of the stack so far
};

}  // namespace poster::io

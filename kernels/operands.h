// The table of an op's operands: what it reads and writes, in what shapes, what may be left out, and what may
// be the same memory. The checks of every call (kernels/op.h), the op suite (tests/ops) and the benchmarks'
// memory (bench/kernels) come from it.
//
// An op's argument struct fills it:
//
//   constexpr void operands(OperandTable& table) const {
//     table.out("y", y, {rows, columns}).may_be(x);
//     table.in("x", x, {rows, columns});
//     table.in("bias", bias, {columns}).optional();
//     table.require(columns > 0, "columns must be at least 1");
//   }
//
// Every pointer of the struct has its row, which doesn't depend on pointers being there: one that is
// forgotten is a compiler's error (kernels/pointer_members.h).
#pragma once

#include <cstdint>
#include <initializer_list>
#include <type_traits>

#include "kernels/half.h"
#include "kernels/index.h"

namespace poster::kernels {

enum class ElementType { f16, f32, f64, i32, u8, other };

template <typename T>
constexpr ElementType element_type() {
  if constexpr (std::is_same_v<T, Half>) return ElementType::f16;
  if constexpr (std::is_same_v<T, float>) return ElementType::f32;
  if constexpr (std::is_same_v<T, double>) return ElementType::f64;
  if constexpr (std::is_same_v<T, std::int32_t>) return ElementType::i32;
  if constexpr (std::is_same_v<T, std::uint8_t>) return ElementType::u8;
  return ElementType::other;
}

class Operand {
 public:
  enum class Use { in, out, update };  // read; overwritten, not read before; read and overwritten

  // The last of the dimensions is a row's; rows lie `row_stride` elements apart.
  static constexpr int kMaxRank = 5, kMaxAliases = 3;
  const char* name = "";
  Use use = Use::in;
  ElementType type = ElementType::other;
  index_t bytes = 0;             // of one element
  const void* data = nullptr;    // what the pointer points to
  const void* member = nullptr;  // the pointer itself, in the argument struct
  int rank = 0;
  index_t dims[kMaxRank] = {};
  index_t row_stride = 0;
  bool may_be_null = false, is_positive = false;
  index_t touched = -1;                   // elements that are read or written; -1: all
  int passes = 1;                         // how often
  index_t end = 0;                        // integers: values are in [0, end); 0: of any value
  const void* aliases[kMaxAliases] = {};  // members whose memory this may be, element for element

  // Null means that it is not wanted, or not there.
  constexpr Operand& optional(bool is = true) {
    may_be_null = is;
    return *this;
  }
  constexpr Operand& rows_apart(index_t stride) {
    row_stride = stride;
    return *this;
  }
  // An output that is added to what is there.
  constexpr Operand& added(bool is) {
    if (is) use = Use::update;
    return *this;
  }
  // Values above 0 alone make sense: variances and the like.
  constexpr Operand& positive() {
    is_positive = true;
    return *this;
  }
  // An op that touches a part alone: so many elements.
  constexpr Operand& touching(index_t elements) {
    touched = elements;
    return *this;
  }
  // That the op's kernels on a GPU go over it so often: to sum first, say, and then to use the sums.
  constexpr Operand& in_passes(int count) {
    passes = count;
    return *this;
  }
  // Integers in [0, end). Checked where the host can read them; a CUDA kernel must not touch other memory
  // for one that isn't, and gives NaN for what depends on it.
  constexpr Operand& below(index_t largest) {
    end = largest;
    return *this;
  }
  // An output that may be the same memory as an input, all of it.
  template <typename... T>
  constexpr Operand& may_be(T* const&... inputs) {
    static_assert(sizeof...(T) <= kMaxAliases);
    int i = 0;
    ((aliases[i++] = &inputs), ...);
    return *this;
  }

  constexpr bool written() const { return use != Use::in; }
  constexpr bool read() const { return use != Use::out; }
  constexpr index_t columns() const { return dims[rank - 1]; }
  constexpr index_t rows() const {
    index_t rows = 1;
    for (int i = 0; i + 1 < rank; ++i) rows *= dims[i];
    return rows;
  }
  constexpr index_t count() const { return rows() * columns(); }
  // Elements from the first to one beyond the last.
  constexpr index_t extent() const { return count() == 0 ? 0 : (rows() - 1) * row_stride + columns(); }
  // What the op must move at least, and what it moves in its passes.
  constexpr index_t least_bytes() const {
    return (touched < 0 ? count() : touched) * bytes * (use == Use::update ? 2 : 1);
  }
  constexpr index_t moved_bytes() const { return least_bytes() * passes; }
  // Whether it is there in a call.
  constexpr bool present() const { return data || !may_be_null; }
  constexpr bool may_be_member(const void* other) const {
    for (const void* alias : aliases)
      if (alias == other && other != nullptr) return true;
    return false;
  }
};

class OperandTable {
 public:
  static constexpr int kMaxOperands = 16;
  using Dims = std::initializer_list<index_t>;

  template <typename T>
  constexpr Operand& in(const char* name, T* const& member, Dims dims) {
    return add(Operand::Use::in, name, member, dims);
  }
  template <typename T>
  constexpr Operand& out(const char* name, T* const& member, Dims dims) {
    static_assert(!std::is_const_v<T>);
    return add(Operand::Use::out, name, member, dims);
  }
  template <typename T>
  constexpr Operand& update(const char* name, T* const& member, Dims dims) {
    static_assert(!std::is_const_v<T>);
    return add(Operand::Use::update, name, member, dims);
  }
  // What must hold beside the shapes; `what` is for the error.
  constexpr void require(bool holds, const char* what) {
    if (!holds && !unmet_) unmet_ = what;
  }

  constexpr const Operand* begin() const { return operands_; }
  constexpr const Operand* end() const { return operands_ + size_; }
  constexpr int size() const { return size_; }
  // The first requirement that doesn't hold, or null.
  constexpr const char* unmet() const { return unmet_; }

 private:
  template <typename T>
  constexpr Operand& add(Operand::Use use, const char* name, T* const& member, Dims dims) {
    Operand& operand = operands_[size_++];
    operand.name = name;
    operand.use = use;
    operand.type = element_type<std::remove_cv_t<T>>();
    operand.bytes = sizeof(T);
    operand.data = member;
    operand.member = &member;
    for (const index_t dim : dims) operand.dims[operand.rank++] = dim;
    operand.row_stride = operand.columns();
    return operand;
  }

  Operand operands_[kMaxOperands];
  int size_ = 0;
  const char* unmet_ = nullptr;
};

}  // namespace poster::kernels

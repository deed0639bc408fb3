#include <cstddef>
#include <string>

#include "kernels/op.h"

namespace poster::kernels {
namespace {

std::string shape_of(const Operand& o) {
  std::string text = std::string(o.name) + " [";
  for (int i = 0; i < o.rank; ++i) text += (i > 0 ? ", " : "") + std::to_string(o.dims[i]);
  text += "]";
  if (o.row_stride != o.columns()) text += " (rows " + std::to_string(o.row_stride) + " apart)";
  return text;
}

[[noreturn]] void refuse(const char* op, const OperandTable& table, const std::string& what) {
  std::string text = std::string(op) + ": " + what + ". Operands:";
  for (const Operand& o : table) text += (&o == table.begin() ? " " : ", ") + shape_of(o);
  throw OperandError(text);
}

// Empty when the operand may be as it is.
std::string fault_of(const Operand& o) {
  const std::string name = o.name;
  for (int i = 0; i < o.rank; ++i)
    if (o.dims[i] < 0) return name + " has a negative size";
  index_t count = o.bytes;
  for (int i = 0; i < o.rank; ++i)
    if (__builtin_mul_overflow(count, o.dims[i], &count)) return name + " is too large";
  if (o.rows() > 1 && o.row_stride < o.columns())
    return "rows of " + name + " overlap: " + std::to_string(o.columns()) + " elements, " +
           std::to_string(o.row_stride) + " apart";
  index_t extent = o.bytes;
  if (o.rows() > 1 && (__builtin_mul_overflow(extent, o.row_stride, &extent) ||
                       __builtin_mul_overflow(extent, o.rows(), &extent)))
    return "rows of " + name + " lie too far apart";
  return "";
}

struct Bytes {
  explicit Bytes(const Operand& o)
      : begin(reinterpret_cast<std::uintptr_t>(o.data)),
        end(begin + static_cast<std::uintptr_t>(o.extent() * o.bytes)),
        row(static_cast<std::uintptr_t>(o.columns() * o.bytes)),
        stride(static_cast<std::uintptr_t>(o.row_stride * o.bytes)) {}
  std::uintptr_t begin, end, row, stride;
};

bool same_elements(const Operand& a, const Operand& b) {
  return a.data == b.data && a.bytes == b.bytes && a.rows() == b.rows() && a.columns() == b.columns() &&
         (a.row_stride == b.row_stride || a.rows() == 1);
}

bool share_memory(const Operand& a, const Operand& b) {
  const Bytes x(a), y(b);
  if (x.begin >= y.end || y.begin >= x.end) return false;
  if (x.stride != y.stride || x.stride == 0) return true;
  // Rows of one between the rows of the other: parts of one packed tensor.
  const std::uintptr_t offset =
      y.begin >= x.begin ? (y.begin - x.begin) % x.stride : x.stride - 1 - (x.begin - y.begin - 1) % x.stride;
  return offset < x.row || offset + y.row > x.stride;
}

std::string fault_of_pair(const Operand& out, const Operand& other) {
  if (!share_memory(out, other)) return "";
  const bool may = out.may_be_member(other.member) || other.may_be_member(out.member);
  if (may && same_elements(out, other)) return "";
  return std::string(out.name) + " and " + other.name +
         (may ? " overlap without being the same" : " must not share memory");
}

std::string fault_of_values(const Operand& o) {
  const auto* const values = static_cast<const std::int32_t*>(o.data);
  for (index_t r = 0; r < o.rows(); ++r)
    for (index_t c = 0; c < o.columns(); ++c)
      if (const index_t value = values[r * o.row_stride + c]; value < 0 || value >= o.end)
        return std::string(o.name) + "[" + std::to_string(r * o.columns() + c) + "] is " +
               std::to_string(value) + ", not in [0, " + std::to_string(o.end) + ")";
  return "";
}

}  // namespace

std::string signature(const OperandTable& table) {
  constexpr const char* kTypes[] = {"f16", "f32", "f64", "i32", "u8", "other"};
  std::string text;
  for (const Operand& o : table)
    if (o.present())
      text += (text.empty() ? "" : ", ") + shape_of(o) + " " + kTypes[static_cast<int>(o.type)];
  return text;
}

void check_operands(const char* op, const OperandTable& table, OperandMemory memory) {
  const auto hold = [&](const std::string& fault) {
    if (!fault.empty()) refuse(op, table, fault);
  };
  for (const Operand& o : table) hold(fault_of(o));
  if (table.unmet()) refuse(op, table, table.unmet());
  if (memory == OperandMemory::planned) return;
  for (const Operand& o : table) {
    if (!o.data && !o.may_be_null && o.count() > 0) refuse(op, table, std::string(o.name) + " is null");
    if (!o.data || o.count() == 0) continue;
    if (o.end > 0 && o.type == ElementType::i32 && memory == OperandMemory::host) hold(fault_of_values(o));
    if (!o.written()) continue;
    for (const Operand& other : table)
      if (&other != &o && other.data && other.count() > 0) hold(fault_of_pair(o, other));
  }
}

}  // namespace poster::kernels

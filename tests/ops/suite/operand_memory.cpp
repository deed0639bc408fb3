#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>

#include "tests/ops/suite/target.h"
#include "tests/support/device_backend.h"

namespace poster::test {
namespace {

using kernels::ElementType;

constexpr std::size_t kGuard = 1024;
constexpr std::byte kPoison{0xFF};

void store(ElementType type, std::byte* to, double value) {
  const auto put = [&](auto typed) { std::memcpy(to, &typed, sizeof typed); };
  switch (type) {
    case ElementType::f16:
      return put(Half(static_cast<float>(value)));
    case ElementType::f32:
      return put(static_cast<float>(value));
    case ElementType::f64:
      return put(value);
    case ElementType::i32:
      return put(static_cast<std::int32_t>(value));
    default:
      return put(static_cast<std::uint8_t>(value));
  }
}

double load(ElementType type, const std::byte* from) {
  const auto get = [&](auto typed) {
    std::memcpy(&typed, from, sizeof typed);
    return static_cast<double>(typed);
  };
  switch (type) {
    case ElementType::f16:
      return get(Half());
    case ElementType::f32:
      return get(float());
    case ElementType::f64:
      return get(double());
    case ElementType::i32:
      return get(std::int32_t());
    default:
      return get(std::uint8_t());
  }
}

}  // namespace

OperandMemory::OperandMemory(Target& target, const Operand& operand, index_t shift)
    : target_(target),
      operand_(operand),
      front_(kGuard + static_cast<std::size_t>(shift * operand.bytes)),
      bytes_(front_ + static_cast<std::size_t>(operand.extent() * operand.bytes) + kGuard),
      memory_(target.allocate(bytes_)),
      before_(bytes_, kPoison) {
  target_.write(memory_, before_);
  fence(memory_, front_);
  fence(memory_ + bytes_ - kGuard, kGuard);
}

OperandMemory::~OperandMemory() {
  unfence(memory_, bytes_);
  target_.free(memory_);
}

std::size_t OperandMemory::at(index_t row, index_t column) const {
  return front_ + static_cast<std::size_t>((row * operand_.row_stride + column) * operand_.bytes);
}

void OperandMemory::put(const std::vector<double>& values) {
  ASSERT_EQ(static_cast<index_t>(values.size()), operand_.count()) << operand_.name;
  std::size_t i = 0;
  for (index_t r = 0; r < operand_.rows(); ++r)
    for (index_t c = 0; c < operand_.columns(); ++c)
      store(operand_.type, before_.data() + at(r, c), values[i++]);
  unfence(memory_, bytes_);
  target_.write(memory_, before_);
  fence(memory_, front_);
  fence(memory_ + bytes_ - kGuard, kGuard);
}

void OperandMemory::put(const std::vector<std::byte>& object) {
  ASSERT_EQ(static_cast<index_t>(object.size()), operand_.extent() * operand_.bytes) << operand_.name;
  std::copy(object.begin(), object.end(), before_.begin() + static_cast<std::ptrdiff_t>(front_));
  unfence(memory_, bytes_);
  target_.write(memory_, before_);
}

std::vector<double> OperandMemory::take(const std::string& op, bool written, bool must_be_written) {
  std::vector<std::byte> after(bytes_);
  unfence(memory_, bytes_);
  target_.read(after, memory_);
  std::vector<double> values;
  const auto size = static_cast<std::size_t>(operand_.bytes);
  const bool number = operand_.type != ElementType::other;
  for (index_t r = 0; r < operand_.rows(); ++r)
    for (index_t c = 0; c < operand_.columns(); ++c) {
      std::byte* const element = after.data() + at(r, c);
      if (number) values.push_back(load(operand_.type, element));
      if (!number)
        for (std::size_t i = 0; i < size; ++i) values.push_back(static_cast<double>(element[i]));
      if (!written) continue;
      if (must_be_written && std::all_of(element, element + size, [](std::byte b) { return b == kPoison; })) {
        ADD_FAILURE() << op << " has not written element " << values.size() - 1 << " of " << operand_.name;
        must_be_written = false;
      }
      std::copy_n(before_.data() + at(r, c), size, element);  // what is left must be as it was
    }
  const auto changed = std::mismatch(after.begin(), after.end(), before_.begin()).first;
  EXPECT_TRUE(changed == after.end())
      << op << " has written " << (written ? "outside of the elements of " : "to its input ") << operand_.name
      << ", at byte " << changed - after.begin() - static_cast<std::ptrdiff_t>(front_);
  return values;
}

}  // namespace poster::test

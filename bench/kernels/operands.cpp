#include "bench/kernels/operands.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <map>
#include <stdexcept>
#include <utility>

#include "engine/random.h"

namespace poster::bench {
namespace {

// Drawn once for each range. The length is a prime, so that no two rows of a map are alike.
constexpr index_t kPatternLength = 1000003;

template <typename T>
const std::vector<T>& pattern(double low, double high) {
  static std::map<std::pair<double, double>, std::vector<T>> patterns;
  std::vector<T>& values = patterns[{low, high}];
  if (values.empty()) {
    RandomStream random(1, RandomPurpose::test);
    for (index_t i = 0; i < kPatternLength; ++i) values.push_back(static_cast<T>(random.uniform(low, high)));
  }
  return values;
}

template <typename T>
index_t count_nan(const std::vector<std::byte>& bytes) {
  const T* const values = reinterpret_cast<const T*>(bytes.data());
  return std::count_if(values, values + bytes.size() / sizeof(T),
                       [](T value) { return std::isnan(static_cast<double>(value)); });
}

}  // namespace

std::byte* Operands::allocate(std::size_t bytes) {
  buffers_.push_back(device_.allocate(std::max<std::size_t>(bytes, 1)));
  return buffers_.back().data();
}

std::byte* Operands::copy(const void* data, std::size_t bytes) {
  std::byte* const memory = allocate(bytes);
  device_.copy_from_host(memory, data, bytes);
  bytes_ += static_cast<double>(bytes);
  return memory;
}

void Operands::repeat(std::byte* to, std::size_t bytes, const void* pattern, std::size_t pattern_bytes) {
  for (std::size_t done = 0; done < bytes; done += pattern_bytes)
    device_.copy_from_host(to + done, pattern, std::min(pattern_bytes, bytes - done));
}

template <typename T>
T* Operands::fill(index_t count, double low, double high, int times) {
  const std::size_t bytes = static_cast<std::size_t>(count) * sizeof(T);
  std::byte* const memory = allocate(bytes);
  const auto& values = pattern<T>(low, high);
  repeat(memory, bytes, values.data(), values.size() * sizeof(T));
  bytes_ += static_cast<double>(bytes) * times;
  return reinterpret_cast<T*>(memory);
}

template <typename T>
T* Operands::output(index_t count) {
  const std::size_t bytes = static_cast<std::size_t>(count) * sizeof(T);
  std::byte* const memory = allocate(bytes);
  static const std::vector<unsigned char> nan(1 << 22, 0xFF);  // of any type
  repeat(memory, bytes, nan.data(), nan.size());
  bytes_ += static_cast<double>(bytes);
  outputs_.push_back({memory, count, static_cast<index_t>(sizeof(T))});
  return reinterpret_cast<T*>(memory);
}

std::int32_t* Operands::labels(index_t count, std::int32_t end) {
  std::vector<std::int32_t> values;
  for (index_t i = 0; i < count; ++i) values.push_back(static_cast<std::int32_t>(i % end));
  return copy_of(values);
}

std::uint8_t* Operands::images(index_t bytes) {
  RandomStream random(2, RandomPurpose::test);
  std::vector<std::uint8_t> values(static_cast<std::size_t>(bytes));
  for (auto& value : values) value = static_cast<std::uint8_t>(random.bits());
  return copy_of(values);
}

kernels::StepState* Operands::step_state() {
  return copy_of(std::vector{kernels::StepState{.learning_rate = 1e-5, .squared_norm = 1, .updates = 1}});
}

void* Operands::memory_for(const kernels::Operand& o) {
  const index_t count = o.extent();
  const auto of = [&]<typename T>(T) -> void* {
    if (o.use == kernels::Operand::Use::out) return output<T>(count);
    return o.is_positive ? positive<T>(count) : random<T>(count);
  };
  switch (o.type) {
    case kernels::ElementType::f16:
      return of(Half());
    case kernels::ElementType::f32:
      return of(float());
    case kernels::ElementType::f64:
      if (o.use == kernels::Operand::Use::out) return output<double>(count);
      return copy_of(std::vector<double>(static_cast<std::size_t>(count), 1));
    case kernels::ElementType::i32:
      return labels(count, static_cast<std::int32_t>(o.end));
    case kernels::ElementType::u8:
      return images(count);
    default:
      throw std::logic_error(std::string(o.name) + " must be given: the benchmark can't know what it holds");
  }
}

void Operands::bind(const kernels::OperandTable& table, const std::set<std::string>& with) {
  double bytes = 0;
  for (const kernels::Operand& o : table) {
    if (!o.data && o.may_be_null && !with.contains(o.name)) continue;
    if (!o.data) {
      const void* const memory = memory_for(o);
      std::memcpy(const_cast<void*>(o.member), &memory, sizeof memory);
    }
    bytes += static_cast<double>(o.least_bytes());
  }
  bytes_ = bytes;
}

index_t Operands::unwritten() const {
  index_t found = 0;
  for (const Output& output : outputs_) {
    std::vector<std::byte> values(static_cast<std::size_t>(output.count * output.element));
    device_.copy_to_host(values.data(), output.data, values.size());
    found += output.element == 2   ? count_nan<Half>(values)
             : output.element == 4 ? count_nan<float>(values)
                                   : count_nan<double>(values);
  }
  return found;
}

template float* Operands::fill<float>(index_t, double, double, int);
template Half* Operands::fill<Half>(index_t, double, double, int);
template float* Operands::output<float>(index_t);
template double* Operands::output<double>(index_t);
template Half* Operands::output<Half>(index_t);

}  // namespace poster::bench

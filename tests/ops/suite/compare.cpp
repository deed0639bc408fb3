#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "tests/ops/suite/checks.h"

namespace poster::test {
namespace {

constexpr std::size_t kHalf = 2;  // OpCase::types
constexpr double kHalfRounding = 1.001 / 2048, kHalfSubnormal = 0x1p-25;

}  // namespace

std::string describe(const OpCase& c, std::size_t type, const std::set<std::string>& absent) {
  const auto op = c.types[type]();
  std::string text = op->name();
  text += type == 0 ? " in double," : type == 1 ? " in float," : " in 16 bits,";
  for (const Operand& o : op->table()) {
    text += " " + std::string(o.name) + "[";
    for (int i = 0; i < o.rank; ++i) text += (i > 0 ? "," : "") + std::to_string(o.dims[i]);
    text += "]";
  }
  for (const std::string& name : absent) text += " without " + name;
  return text;
}

Values exact(const OpCase& c, const Setup& setup) {
  CpuTarget cpu(2);
  return run_case(cpu, c, 0, {.inputs = setup.inputs, .absent = setup.absent});
}

index_t elements(const OpCase& c) {
  index_t count = 0;
  for (const Operand& o : c.types[0]()->table()) count += o.count();
  return count;
}

void expect_close(const OpCase& c, std::size_t type, const Values& actual, const Values& expected,
                  double tolerance, const std::map<std::string, double>& own) {
  for (const Operand& o : c.types[type]()->table()) {
    const auto found = actual.find(o.name);
    if (found == actual.end()) continue;
    const std::vector<double>&a = found->second, &e = expected.at(o.name);
    ASSERT_EQ(a.size(), e.size()) << o.name;
    const auto floor = c.floors.find(o.name);
    double scale = floor == c.floors.end() ? 1e-30 : floor->second;
    for (const double value : e) scale = std::max(scale, std::abs(value));
    const bool half =
        o.type == kernels::ElementType::f16 || (type == kHalf && c.rounded_to_half.contains(o.name));
    const auto own_tolerance = own.find(o.name);
    const double allowed = own_tolerance == own.end() ? tolerance : own_tolerance->second;
    const auto in_half = c.half_tolerances.find(o.name);
    const double beside = type >= kHalf && in_half != c.half_tolerances.end() ? in_half->second : 0;
    for (std::size_t i = 0; i < a.size(); ++i) {
      const double slack =
          (allowed + beside) * scale +
          (half ? c.half_tolerance * scale + kHalfRounding * std::abs(e[i]) + kHalfSubnormal : 0);
      if (std::abs(a[i] - e[i]) <= slack) continue;
      ADD_FAILURE() << o.name << "[" << i << "] of " << a.size() << " is " << a[i] << ", expected " << e[i]
                    << " to " << slack;
      break;
    }
  }
}

void expect_same_bits(const Values& actual, const Values& expected, const std::string& where) {
  ASSERT_EQ(actual.size(), expected.size());
  for (const auto& [name, e] : expected) {
    const std::vector<double>& a = actual.at(name);
    ASSERT_EQ(a.size(), e.size());
    for (std::size_t i = 0; i < a.size(); ++i)
      if (std::memcmp(&a[i], &e[i], sizeof(double)) != 0) {
        ADD_FAILURE() << where << ": " << name << "[" << i << "] is " << a[i] << " instead of " << e[i];
        break;
      }
  }
}

}  // namespace poster::test

#include "tests/ops/suite/checks.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "tests/support/buffers.h"
#include "tests/support/threads.h"

namespace poster::test {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

double tolerance_of(const Target& target, const OpCase& c) {
  if (target.is_cuda() && c.cuda_tolerance > 0) return c.cuda_tolerance;
  if (c.tolerance > 0) return c.tolerance;
  return target.is_cuda() && c.test->cuda_tolerance > 0 ? c.test->cuda_tolerance : c.test->tolerance;
}

bool is_float(const Operand& o) {
  return o.type == kernels::ElementType::f16 || o.type == kernels::ElementType::f32 ||
         o.type == kernels::ElementType::f64;
}
bool same_bits(double a, double b) { return std::memcmp(&a, &b, sizeof a) == 0; }

// First, middle and last.
std::vector<std::size_t> some_of(std::size_t size) {
  std::vector<std::size_t> all = {0, size / 2, size - 1};
  all.erase(std::unique(all.begin(), all.end()), all.end());
  return all;
}

// Where results depend on an element of an input: where they are others when it is another.
Values with_other(const OpCase& c, const Setup& setup, const std::string& name, std::size_t i, double other) {
  Setup changed = setup;
  changed.inputs.at(name)[i] = other;
  return exact(c, changed);
}

}  // namespace

void expect_reference(const OpCase& c) {
  ReferenceTarget reference(*c.test);
  for (const auto& absent : choices(c, 0)) {
    SCOPED_TRACE(describe(c, 0, absent));
    const Setup setup{.inputs = draw(c, 0, absent), .absent = absent};
    expect_close(c, 0, exact(c, setup), run_case(reference, c, 0, setup),
                 c.exact_tolerance > 0 ? c.exact_tolerance : c.test->exact_tolerance);
  }
}

void expect_gradients(const OpCase& c) {
  if (!c.gradient_of) return;
  const OpCase& forward = *c.gradient_of;
  auto all = choices(c, 0);
  if (elements(c) > kSmall) all.resize(1);
  for (const auto& absent : all) {
    SCOPED_TRACE(describe(c, 0, absent));
    const Setup setup{.inputs = draw(c, 0, absent), .absent = absent};
    const Values gradients = exact(c, setup);
    std::set<std::string> left_out;
    for (const Operand& o : forward.types[0]()->table())
      if (o.may_be_null && o.read() && absent.contains(o.name)) left_out.insert(o.name);
    Setup from{.inputs = draw(forward, 0, left_out), .absent = left_out};
    CpuTarget cpu(1);
    std::unique_ptr<Target> reference;
    if (forward.test->reference) reference = std::make_unique<ReferenceTarget>(*forward.test);
    Target& target = reference ? *reference : cpu;
    const auto loss = [&] {
      double sum = 0;
      int outputs = 0;
      for (const auto& [name, y] : run_case(target, forward, 0, from))
        if (const auto dy = setup.inputs.find("d" + name); dy != setup.inputs.end()) {
          ++outputs;
          for (std::size_t i = 0; i < y.size(); ++i) sum += dy->second[i] * y[i];
        }
      EXPECT_GT(outputs, 0) << "no dy for an output y";
      return sum;
    };
    int compared = 0;
    for (auto& [name, x] : from.inputs) {
      const auto dx = gradients.find("d" + name);
      if (dx == gradients.end()) continue;
      ++compared;
      std::vector<double> gradient = dx->second;  // without what it is added to
      for (const std::string& added : {"d" + name + "_add", "d" + name})
        if (const auto found = setup.inputs.find(added); found != setup.inputs.end())
          for (std::size_t i = 0; i < gradient.size(); ++i) gradient[i] -= found->second[i];
      const std::vector<double> start = x;
      // Along a direction, which sees all elements, and along some of them alone.
      const auto slope = [&](const std::vector<double>& direction) {
        constexpr double kStep = 1e-5;
        double loss_at[2];
        for (const int side : {0, 1}) {
          for (std::size_t i = 0; i < x.size(); ++i)
            x[i] = start[i] + (side == 0 ? -kStep : kStep) * direction[i];
          loss_at[side] = loss();
        }
        x = start;
        return (loss_at[1] - loss_at[0]) / (2 * kStep);
      };
      const auto direction = random_values<double>(static_cast<std::int64_t>(x.size()), 13);
      double expected = 0, magnitude = 1e-2, scale = 1e-2;
      for (std::size_t i = 0; i < x.size(); ++i) {
        expected += gradient[i] * direction[i];
        magnitude += std::abs(gradient[i] * direction[i]);
        scale = std::max(scale, std::abs(gradient[i]));
      }
      if (c.test->compared.empty()) {  // else some elements are near where their derivative jumps
        ASSERT_LE(std::abs(slope(direction) - expected), c.test->gradient_tolerance / 10 * magnitude)
            << dx->first << " along a direction gives " << expected;
      }
      if (elements(c) > kSmall) continue;
      for (const std::size_t i : spread_elements(x.size(), 24)) {
        std::vector<double> one(x.size());
        one[i] = 1;
        const double numeric = slope(one);
        ASSERT_LE(std::abs(gradient[i] - numeric), c.test->gradient_tolerance * scale)
            << dx->first << "[" << i << "] is " << gradient[i] << ", central differences give " << numeric;
      }
    }
    EXPECT_TRUE(compared > 0 || gradients.empty()) << "no dx for an input x";
  }
}

void expect_accurate(Target& target, const OpCase& c, std::size_t type) {
  auto all = choices(c, type);
  if (elements(c) > kSmall) all.resize(1);
  for (const auto& absent : all) {
    SCOPED_TRACE(describe(c, type, absent));
    const Setup setup{.inputs = draw(c, type, absent), .absent = absent};
    expect_close(c, type, run_case(target, c, type, setup), exact(c, setup), tolerance_of(target, c),
                 c.tolerances);
  }
}

void expect_accurate_misaligned(Target& target, const OpCase& c, std::size_t type) {
  const auto absent = choices(c, type).front();
  Setup setup{.inputs = draw(c, type, absent), .absent = absent};
  const Values expected = exact(c, setup), aligned = run_case(target, c, type, setup);
  const auto check = [&](const std::string& which) {
    SCOPED_TRACE(describe(c, type, absent) + ", misaligned: " + which);
    const Values values = run_case(target, c, type, setup);
    expect_close(c, type, values, expected, tolerance_of(target, c), c.tolerances);
    if (c.test->bits_for_any_alignment) expect_same_bits(values, aligned, which);
  };
  const auto op = c.types[type]();
  const OperandTable table = op->table();
  for (const Operand& o : table) {
    if (o.type == kernels::ElementType::other) continue;
    setup.shifts = {{o.name, 1}};
    check(o.name);
  }
  for (const index_t shift : {1, 2, 4}) {
    for (const Operand& o : table)
      if (o.type != kernels::ElementType::other) setup.shifts[o.name] = shift;
    check("all by " + std::to_string(shift));
  }
}

void expect_in_place(Target& target, const OpCase& c, std::size_t type) {
  for (const auto& absent : choices(c, type)) {
    const auto op = c.types[type]();
    const OperandTable table = op->table();
    if (std::none_of(table.begin(), table.end(), [](const Operand& o) { return o.aliases[0]; })) return;
    Setup setup{.inputs = draw(c, type, absent), .absent = absent};
    const Values expected = run_case(target, c, type, setup);
    for (const Operand& out : table)
      for (const Operand& in : table) {
        if (!out.may_be_member(in.member) || absent.contains(out.name) || absent.contains(in.name)) continue;
        SCOPED_TRACE(describe(c, type, absent));
        setup.same = {out.name, in.name};
        expect_same_bits(run_case(target, c, type, setup), expected,
                         std::string(out.name) + " over " + in.name);
      }
  }
}

void expect_nan_follows(Target& target, const OpCase& c, std::size_t type) {
  if (c.saturated) return;
  for (const auto& absent : choices(c, type)) {
    SCOPED_TRACE(describe(c, type, absent));
    const Setup setup{.inputs = draw(c, type, absent), .absent = absent};
    const Values base = run_case(target, c, type, setup), exact_base = exact(c, setup);
    for (const Operand& o : c.types[type]()->table()) {
      if (!o.read() || !is_float(o) || absent.contains(o.name) || o.count() == 0) continue;
      for (const std::size_t at : some_of(static_cast<std::size_t>(o.count()))) {
        const double value = setup.inputs.at(o.name)[at];
        std::vector<Values> others = {with_other(c, setup, o.name, at, value + 0.37)};
        if (c.test->compared.contains(o.name))
          for (const double far : {-1000., 1000.})
            others.push_back(with_other(c, setup, o.name, at, value + far));
        const bool may_stop = c.test->nan_may_stop_in.contains(o.name);
        Setup poisoned = setup;
        poisoned.inputs.at(o.name)[at] = kNaN;
        for (const auto& [name, values] : run_case(target, c, type, poisoned))
          for (std::size_t i = 0; i < values.size(); ++i) {
            const bool depends = std::any_of(others.begin(), others.end(), [&](const Values& other) {
              return !same_bits(other.at(name)[i], exact_base.at(name)[i]);
            });
            if (may_stop && (depends || !std::isnan(values[i]))) continue;
            ASSERT_EQ(std::isnan(values[i]), depends)
                << name << "[" << i << "] with NaN in " << o.name << "[" << at << "]";
            ASSERT_TRUE(depends || same_bits(values[i], base.at(name)[i])) << name << "[" << i << "]";
          }
      }
    }
  }
}

void expect_nan_for_wrong_integers(Target& target, const OpCase& c, std::size_t type) {
  const auto op = c.types[type]();
  const OperandTable table = op->table();
  if (std::none_of(table.begin(), table.end(), [](const Operand& o) { return o.end > 1; })) return;
  const auto absent = choices(c, type).front();
  SCOPED_TRACE(describe(c, type, absent));
  const Setup setup{.inputs = draw(c, type, absent), .absent = absent};
  const Values base = exact(c, setup);
  for (const Operand& o : table) {
    if (o.end < 2 || o.count() == 0) continue;
    const double label = setup.inputs.at(o.name)[0];
    const Values other = with_other(c, setup, o.name, 0, label > 0 ? label - 1 : 1);
    for (const double wrong : {static_cast<double>(o.end), -1., 2147483647., -2147483648.}) {
      Setup changed = setup;
      changed.inputs.at(o.name)[0] = wrong;
      for (const auto& [name, values] : run_case(target, c, type, changed))
        for (std::size_t i = 0; i < values.size(); ++i)
          if (!same_bits(other.at(name)[i], base.at(name)[i])) {
            ASSERT_TRUE(std::isnan(values[i])) << name << "[" << i << "] where " << o.name << " is " << wrong;
          }
    }
  }
}

}  // namespace poster::test

#include <gtest/gtest.h>

#include <cmath>
#include <iterator>

#include "engine/random.h"
#include "tests/ops/suite/target.h"

namespace poster::test {
namespace {

using kernels::ElementType;

double rounded(ElementType type, double value) {
  if (type == ElementType::f16) return static_cast<double>(Half(static_cast<float>(value)));
  return type == ElementType::f32 ? static_cast<double>(static_cast<float>(value)) : value;
}

std::vector<double> drawn(const OpCase& c, const Operand& o, std::uint64_t seed) {
  RandomStream random(seed, RandomPurpose::test);
  Range range = o.is_positive ? Range{0.5, 1.5} : Range{-1, 1};
  if (o.type == ElementType::u8) range = {0, 256};
  if (const auto own = c.ranges.find(o.name); own != c.ranges.end()) range = own->second;
  if (o.end > 0) range = {0, static_cast<double>(o.end)};
  const bool whole = o.type == ElementType::i32 || o.type == ElementType::u8;
  std::vector<double> values(static_cast<std::size_t>(o.count()));
  for (double& value : values) {
    value = random.uniform(range.low, range.high);
    value = whole ? std::floor(value) : rounded(o.type, value);
  }
  return values;
}

// A pointer that isn't null, for tables that ask.
const void* somewhere() { return reinterpret_cast<const void*>(std::uintptr_t{256}); }

bool allowed(const OpCase& c, std::size_t type, const std::set<std::string>& absent) {
  const auto op = c.types[type]();
  for (const Operand& o : op->table()) op->set(o, absent.contains(o.name) ? nullptr : somewhere());
  return op->table().unmet() == nullptr;
}

}  // namespace

std::vector<std::unique_ptr<OpTest>>& op_tests() {
  static std::vector<std::unique_ptr<OpTest>> tests;
  return tests;
}

std::vector<std::set<std::string>> choices(const OpCase& c, std::size_t type) {
  std::set<std::string> optional;
  std::vector<std::set<std::string>> tried = {{}}, result;
  for (const Operand& o : c.types[type]()->table())
    if (o.may_be_null) {
      optional.insert(o.name);
      tried.push_back({o.name});
    }
  // Those that must be there together or not at all.
  for (auto a = optional.begin(); a != optional.end(); ++a)
    for (auto b = std::next(a); b != optional.end(); ++b)
      if (optional.size() > 2 && !allowed(c, type, {*a}) && !allowed(c, type, {*b}))
        tried.push_back({*a, *b});
  if (optional.size() > 1) tried.push_back(optional);
  for (const auto& absent : tried)
    if (allowed(c, type, absent)) result.push_back(absent);
  EXPECT_FALSE(result.empty()) << c.test->name << ": no choice of optional operands is allowed";
  if (result.empty()) result.push_back({});
  return result;
}

Values draw(const OpCase& c, std::size_t type, const std::set<std::string>& absent) {
  const auto op = c.types[type]();
  Values known;
  if (c.gradient_of) {
    std::set<std::string> left_out;
    for (const Operand& o : c.gradient_of->types[0]()->table())
      if (o.may_be_null && o.read() && absent.contains(o.name)) left_out.insert(o.name);
    known = draw(*c.gradient_of, type, left_out);
    CpuTarget cpu(1);
    for (auto& [name, values] : run_case(cpu, *c.gradient_of, 0, {.inputs = known, .absent = left_out}))
      known[name] = values;
  }
  Values inputs;
  std::uint64_t seed = 100;
  for (const Operand& o : op->table()) {
    ++seed;
    if (!o.read() || o.type == ElementType::other || absent.contains(o.name)) continue;
    const auto found = known.find(o.name);
    inputs[o.name] = found != known.end() ? found->second : drawn(c, o, c.gradient_of ? seed + 100 : seed);
    for (double& value : inputs[o.name]) value = rounded(o.type, value);
  }
  return inputs;
}

Values run_case(Target& target, const OpCase& c, std::size_t type, const Setup& setup) {
  const auto op = c.types[type]();
  const OperandTable table = op->table();
  std::map<std::string, OperandMemory> memory;
  for (const Operand& o : table) {
    if (setup.absent.contains(o.name) || (o.name == setup.same.first)) continue;
    const auto shift = setup.shifts.find(o.name);
    OperandMemory& m =
        memory.try_emplace(o.name, target, o, shift == setup.shifts.end() ? 0 : shift->second).first->second;
    if (o.read() && o.type == ElementType::other) m.put(c.objects.at(o.name));
    if (o.read() && o.type != ElementType::other) m.put(setup.inputs.at(o.name));
  }
  for (const Operand& o : table) {
    const std::string name = o.name == setup.same.first ? setup.same.second : o.name;
    op->set(o, setup.absent.contains(o.name) ? nullptr : memory.at(name).data());
  }
  target.run(*op);
  // A NaN that comes out may have the bits that say that nothing was written.
  bool has_nan = false;
  for (const auto& [name, values] : setup.inputs)
    for (const double value : values) has_nan = has_nan || std::isnan(value);
  Values results;
  for (const Operand& o : table) {
    if (setup.absent.contains(o.name)) continue;
    const bool shared = o.name == setup.same.first, overwritten = o.name == setup.same.second;
    if (overwritten) continue;
    const auto values = memory.at(shared ? setup.same.second : o.name)
                            .take(op->name(), o.written() && !setup.planned,
                                  o.use == Operand::Use::out && !setup.planned && !has_nan);
    if (o.written()) results[o.name] = values;
  }
  return results;
}

}  // namespace poster::test

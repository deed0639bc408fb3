// What run() must refuse.
#include <gtest/gtest.h>

#include "tests/ops/suite/checks.h"

namespace poster::test {
namespace {

// The op with memory of its own for every operand; each is set up anew.
class BoundOp {
 public:
  BoundOp(Target& target, const OpCase& c, std::size_t type)
      : op(c.types[type]()), table(op->table()), target_(target) {
    const auto absent = choices(c, type).front();
    const Values inputs = draw(c, type, absent);
    for (const Operand& o : table) {
      if (absent.contains(o.name)) continue;
      OperandMemory& m = memory.try_emplace(o.name, target, o, 0).first->second;
      if (o.read() && o.type == kernels::ElementType::other) m.put(c.objects.at(o.name));
      if (o.read() && o.type != kernels::ElementType::other) m.put(inputs.at(o.name));
      op->set(o, m.data());
    }
  }
  void expect_refused(const std::string& what, const std::string& operand) {
    try {
      target_.run(*op);
      ADD_FAILURE() << what << " is taken";
    } catch (const kernels::OperandError& error) {
      const std::string text = error.what();
      EXPECT_EQ(text.find(op->name()), 0u) << text;
      EXPECT_NE(text.find(operand), std::string::npos) << what << ": " << text;
    }
  }

  std::unique_ptr<AnyOp> op;
  OperandTable table;
  std::map<std::string, OperandMemory> memory;

 private:
  Target& target_;
};

}  // namespace

void expect_refusals(Target& target, const OpCase& c, std::size_t type, bool integers) {
  SCOPED_TRACE(describe(c, type, {}));
  BoundOp bound(target, c, type);
  for (const Operand& o : bound.table) {
    if (!bound.memory.contains(o.name) || o.count() == 0) continue;
    auto* const own = static_cast<std::byte*>(bound.memory.at(o.name).data());
    if (!o.may_be_null) {
      bound.op->set(o, nullptr);
      bound.expect_refused(std::string(o.name) + " that is null", std::string(o.name) + " is null");
    }
    for (const Operand& other : bound.table) {
      if (&other == &o || !o.written() || !bound.memory.contains(other.name) || other.count() == 0) continue;
      auto* const theirs = static_cast<std::byte*>(bound.memory.at(other.name).data());
      const bool may = o.may_be_member(other.member) || other.may_be_member(o.member);
      if (may && o.extent() < 2) continue;
      bound.op->set(o, theirs + (may ? o.bytes : 0));
      bound.expect_refused(std::string(o.name) + " over " + other.name, o.name);
    }
    bound.op->set(o, own);
    if (!integers || o.end == 0) continue;
    for (const std::int32_t wrong : {static_cast<std::int32_t>(o.end), std::int32_t{-1}}) {
      auto& last = reinterpret_cast<std::int32_t*>(own)[o.extent() - 1];
      const std::int32_t right = last;
      last = wrong;
      bound.expect_refused(std::string(o.name) + " of " + std::to_string(wrong), o.name);
      last = right;
    }
  }
}

}  // namespace poster::test

// Every op of tests/ops on the CPU.
#include <cmath>
#include <limits>

#include "kernels/ops.h"
#include "tests/ops/suite/register.h"

namespace poster::test {
namespace {

constexpr index_t kAll = std::numeric_limits<index_t>::max();
constexpr std::size_t kDouble = 0, kFloat = 1;

void expect_same_for_any_number_of_threads(const OpCase& c) {
  const auto absent = choices(c, kFloat).front();
  SCOPED_TRACE(describe(c, kFloat, absent));
  const Setup setup{.inputs = draw(c, kFloat, absent), .absent = absent};
  CpuTarget one(1);
  const Values expected = run_case(one, c, kFloat, setup);
  for (const int threads : {2, 3}) {
    CpuTarget several(threads);
    expect_same_bits(run_case(several, c, kFloat, setup), expected, std::to_string(threads) + " threads");
  }
}

void add(const OpTest& test) {
  if (test.reference) add_property(test, "FollowsTheReference", for_cases(test, kAll, expect_reference));
  if (!test.cases.empty() && test.cases.front()->gradient_of)
    add_property(test, "FollowsCentralDifferences", for_cases(test, kAll, expect_gradients));
  const auto on_cpu = [&](const char* property, index_t largest, auto check) {
    add_property(test, property, for_cases(test, largest, [check](const OpCase& c) {
                   CpuTarget cpu(2);
                   check(cpu, c);
                 }));
  };
  on_cpu("AgreesWithDouble", kAll, [](Target& cpu, const OpCase& c) { expect_accurate(cpu, c, kFloat); });
  on_cpu("TakesAnyAlignment", kSmall,
         [](Target& cpu, const OpCase& c) { expect_accurate_misaligned(cpu, c, kFloat); });
  on_cpu("WorksInPlace", kAll, [](Target& cpu, const OpCase& c) { expect_in_place(cpu, c, kFloat); });
  if (test.nan_follows)
    on_cpu("PassesNaNOn", kSmall / 2,
           [](Target& cpu, const OpCase& c) { expect_nan_follows(cpu, c, kFloat); });
  on_cpu("RefusesWrongOperands", kSmall, [](Target& cpu, const OpCase& c) {
    for (const std::size_t type : {kDouble, kFloat}) expect_refusals(cpu, c, type, true);
  });
  add_property(test, "SameForAnyNumberOfThreads",
               for_cases(test, kAll, expect_same_for_any_number_of_threads));
  add_property(test, "RefusesWrongSizes", [&test] {
    for (const auto& [op, why] : test.refused) {
      const auto made = op->types[kDouble]();
      for (const Operand& o : made->table()) made->set(o, &test);
      try {
        kernels::check_operands(made->name(), made->table(), kernels::OperandMemory::planned);
        ADD_FAILURE() << describe(*op, kDouble, {}) << " is taken";
      } catch (const kernels::OperandError& error) {
        EXPECT_NE(std::string(error.what()).find(why), std::string::npos) << error.what();
      }
    }
  });
}

template <typename... Op>
std::set<std::string> names(kernels::TypeList<Op...>) {
  return {Op::name...};
}

void expect_every_op_is_tested() {
  std::set<std::string> tested;
  for (const auto& test : op_tests()) {
    EXPECT_TRUE(tested.insert(test->name).second) << test->name << " is there twice";
    EXPECT_TRUE(test->reference || test->cases.front()->gradient_of)
        << test->name << " has nothing to follow";
  }
  // What has no reference in numbers: tests/simulated_gpu/augment_cuda_test.cpp, which has the CPU's images to
  // follow, and tests/kernels/step_state_test.cpp with tests/simulated_gpu/step_state_cuda_test.cpp.
  const std::set<std::string> elsewhere = {"augment_images", "step_control"};
  for (const std::string& name : elsewhere)
    EXPECT_FALSE(tested.contains(name)) << name << " needs no exception";
  for (const std::string& name : names(kernels::CudaOps()))
    EXPECT_TRUE(tested.contains(name) || elsewhere.contains(name))
        << name << " has no tests: tests/ops/OP.cpp";
}

}  // namespace
}  // namespace poster::test

int main(int argc, char** argv) {
  using namespace poster::test;
  testing::InitGoogleTest(&argc, argv);
  for (const auto& test : op_tests()) add(*test);
  testing::RegisterTest("Ops", "EachIsTested", nullptr, nullptr, __FILE__, __LINE__,
                        []() -> testing::Test* { return new PropertyTest(expect_every_op_is_tested); });
  return RUN_ALL_TESTS();
}

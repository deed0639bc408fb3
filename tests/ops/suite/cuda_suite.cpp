// Every op of tests/ops on a CUDA device: the simulator, in every order of threads and blocks, or a GPU.
#include <limits>

#include "tests/ops/suite/register.h"
#include "tests/support/device_backend.h"

namespace poster::test {
namespace {

constexpr index_t kAll = std::numeric_limits<index_t>::max();

void expect_same_in_every_order(const OpCase& c, std::size_t type) {
  const auto absent = choices(c, type).front();
  SCOPED_TRACE(describe(c, type, absent));
  const Setup setup{.inputs = draw(c, type, absent), .absent = absent};
  Values first;
  for (int order = 0; order < order_count(); ++order) {
    choose_order(order);
    CudaTarget cuda;
    const Values values = run_case(cuda, c, type, setup);
    if (order == 0) first = values;
    expect_same_bits(values, first, "order " + order_name(order));
  }
  choose_order(0);
}

// Asks for the same scratch, and computes nothing.
void expect_planned(const OpCase& c, std::size_t type) {
  for (const auto& absent : choices(c, type)) {
    SCOPED_TRACE(describe(c, type, absent));
    Setup setup{.inputs = draw(c, type, absent), .absent = absent};
    CudaTarget cuda, planned;
    run_case(cuda, c, type, setup);
    planned.planned = true;
    setup.planned = true;
    run_case(planned, c, type, setup);
    EXPECT_EQ(planned.queue.scratch_peak(), cuda.queue.scratch_peak());
  }
}

void add(const OpTest& test) {
  const auto for_types = [&](const char* property, index_t largest, auto check) {
    add_property(test, property, for_cases(test, largest, [check](const OpCase& c) {
                   for (std::size_t type = 1; type < c.types.size(); ++type) check(c, type);
                 }));
  };
  const auto on_cuda = [&](const char* property, index_t largest, auto check) {
    for_types(property, largest, [check](const OpCase& c, std::size_t type) {
      CudaTarget cuda;
      check(cuda, c, type);
    });
  };
  on_cuda("AgreesWithDouble", kAll, expect_accurate);
  on_cuda("TakesAnyAlignment", kSmall, expect_accurate_misaligned);
  on_cuda("WorksInPlace", kSmall, [](Target& cuda, const OpCase& c, std::size_t type) {
    for (int order = 0; order < order_count(); ++order) {
      choose_order(order);
      expect_in_place(cuda, c, type);
    }
    choose_order(0);
  });
  if (test.nan_follows) on_cuda("PassesNaNOn", kSmall / 4, expect_nan_follows);
  on_cuda("GivesNaNForWrongIntegers", kSmall, expect_nan_for_wrong_integers);
  on_cuda("RefusesWrongOperands", kSmall,
          [](Target& cuda, const OpCase& c, std::size_t type) { expect_refusals(cuda, c, type, false); });
  for_types("SameInEveryOrder", kSmall, expect_same_in_every_order);
  for_types("PlansTheScratchThatItTakes", kSmall, expect_planned);
}

}  // namespace
}  // namespace poster::test

int main(int argc, char** argv) {
  using namespace poster;
  testing::InitGoogleTest(&argc, argv);
  if (const std::string why = kernels::cuda_unavailable(); !why.empty()) {
    testing::RegisterTest("Ops", "OnCuda", nullptr, nullptr, __FILE__, __LINE__, [why]() -> testing::Test* {
      return new test::PropertyTest([why] { GTEST_SKIP() << why; });
    });
    return RUN_ALL_TESTS();
  }
  for (const auto& op : test::op_tests()) test::add(*op);
  return RUN_ALL_TESTS();
}

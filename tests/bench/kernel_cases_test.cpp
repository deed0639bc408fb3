// The registry of microbenchmarks: every op has an entry, every entry runs on the CPU and writes all of its
// outputs.
#include "bench/kernels/kernel_cases.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>
#include <set>

#include "bench/kernels/ceilings.h"
#include "bench/kernels/network_sizes.h"
#include "kernels/ops.h"

namespace poster::bench {
namespace {

constexpr CaseSizes kSmall{.batch = 2, .parameters = 1000};

template <typename... Op>
std::vector<const char*> names_of(kernels::TypeList<Op...>) {
  return {Op::name...};
}

// The ops with a table, and those without that kernels/*/*.h declare for CUDA.
std::set<std::string> declared_ops() {
  static const std::regex declaration(R"(void\s+(\w+)\(CudaQueue&,\s*const\s)");
  std::set<std::string> ops;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(POSTER_SOURCE_DIR "/kernels")) {
    if (entry.path().extension() != ".h") continue;
    std::ifstream file(entry.path());
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    for (auto match = std::sregex_iterator(text.begin(), text.end(), declaration);
         match != std::sregex_iterator(); ++match)
      ops.insert((*match)[1]);
  }
  for (const char* name : names_of(kernels::CudaOps())) ops.insert(name);
  return ops;
}

template <typename T>
void expect_every_op_has_a_case() {
  std::set<std::string> covered, names;
  for (const KernelCase& c : kernel_cases<T>(kSmall)) {
    covered.insert(c.op);
    EXPECT_TRUE(names.insert(c.name()).second) << c.name() << " is there twice";
  }
  for (const std::string& op : declared_ops())
    EXPECT_TRUE(covered.contains(op))
        << op << " has no benchmark; add an entry to one of bench/kernels/*_cases.cpp";
  for (const std::string& op : covered) EXPECT_TRUE(declared_ops().contains(op)) << op;
}

TEST(KernelCases, EveryOpHasOne) {
  ASSERT_GE(declared_ops().size(), 40u);
  expect_every_op_has_a_case<float>();
  expect_every_op_has_a_case<Half>();
}

TEST(KernelCases, EachRunsAndWritesItsOutputs) {
  Device device = Device::open("cpu", 2);
  for (const KernelCase& c : kernel_cases<float>(kSmall)) {
    if (c.cuda_only) continue;
    SCOPED_TRACE(c.name());
    Operands operands(device);
    const auto call = c.prepare(operands);
    call();
    EXPECT_EQ(operands.unwritten(), 0);
    EXPECT_GT(operands.bytes(), 0);
  }
}

// The number of multiply-adds of one image's forward pass is known: 17.2 GFLOP in all, 0.173 of them in
// conv1 to conv3.
TEST(NetworkSizes, AreThoseOfTheNetwork) {
  double conv123 = 0;
  for (const ConvSizes& c : network_sizes().convolutions) {
    const double side = static_cast<double>(c.side / c.stride);
    if (c.bias && c.in == c.out && c.in < 768 && c.kernel == 3)
      conv123 += 2 * side * side * 9.0 * static_cast<double>(c.in * c.out);
  }
  EXPECT_NEAR(conv123, 0.1734e9, 0.0002e9);
  EXPECT_EQ(network_sizes().tokens, 148);
  EXPECT_EQ(network_sizes().levels[0].tokens(), 784);
}

TEST(Ceilings, LeastTimeIsTheLongerOfMovingAndComputing) {
  const Ceilings ceilings{.bytes_per_second = 100, .flops_per_second = 1000};
  EXPECT_DOUBLE_EQ(ceilings.least_seconds(200, 1000), 2);
  EXPECT_DOUBLE_EQ(ceilings.least_seconds(200, 5000), 5);
}

TEST(DeviceTimer, CallsOnceMoreThanItCounts) {
  Device device = Device::open("cpu", 1);
  DeviceTimer timer(device);
  int calls = 0;
  timer.best_seconds([&] { ++calls; }, 3);
  EXPECT_EQ(calls, 4);
  EXPECT_EQ(median({3, 1, 2}), 2);
}

}  // namespace
}  // namespace poster::bench

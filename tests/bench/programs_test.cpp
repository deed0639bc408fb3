// The benchmark programs, briefly and on the CPU: what they write, and that they fail where they should.
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "tests/support/program.h"
#include "tests/support/scoped_variable.h"

namespace {

using nlohmann::json;

class Programs : public poster::test::ProgramTest {
 protected:
  Programs() : ProgramTest("bench/determinism") {}
  json written(const std::string& name) const {
    std::ifstream file(folder_ / name);
    return json::parse(file);
  }
  json determinism(const std::string& arguments) const {
    const auto outcome = run("--device cpu --model poster-v2-tiny --batch 2 " + arguments);
    EXPECT_EQ(outcome.exit_code, 0) << outcome.errors;
    return json::parse(outcome.output);
  }
};

TEST_F(Programs, RunsFromTheSameStartGiveTheSameHash) {
  const json three_steps = determinism("--runs 3 --steps 3");
  EXPECT_EQ(three_steps.at("hashes").size(), 1u);
  EXPECT_TRUE(three_steps.at("equal"));
  // The hash sees what a step changes.
  EXPECT_NE(determinism("--runs 1 --steps 2").at("hashes"), three_steps.at("hashes"));
}

// On the CPU the second precision fails: what the first gave is in the file by then.
TEST_F(Programs, TimesAreWrittenAsTheyCome) {
  const auto outcome = run_other("bench/network_times",
                                 "--device cpu --model poster-v2-tiny --sam 0 --inference 1 --seconds 0 "
                                 "--precision fp32,fp16 --out times.json");
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_EQ(written("times.json").at("results").size(), 2u);
}

TEST_F(Programs, TimesOfTheNetworkAreWrittenAsJson) {
  const auto outcome =
      run_other("bench/network_times",
                "--device cpu --model poster-v2-tiny --sam 2 --inference 3,1 --seconds 0 --out times.json");
  ASSERT_EQ(outcome.exit_code, 0) << outcome.errors;
  const json results = written("times.json").at("results");
  ASSERT_EQ(results.size(), 5u);
  EXPECT_EQ(results[0].at("task"), "prediction");
  EXPECT_EQ(results[2].at("task"), "inference");
  EXPECT_EQ(results[2].at("batch"), 1);
  EXPECT_EQ(results[4].at("task"), "sam_step");
  for (const json& result : results) {
    EXPECT_GE(result.at("repeats"), 5);
    EXPECT_LE(result.at("ms_10"), result.at("ms"));
    EXPECT_LE(result.at("ms"), result.at("ms_90"));
    EXPECT_NEAR(result.at("images_per_s").get<double>() * result.at("ms").get<double>(),
                1000 * result.at("batch").get<double>(), 1e-6);
  }
  EXPECT_GT(results[4].at("planned_bytes"), results[2].at("planned_bytes"));
}

TEST_F(Programs, KernelBenchmarksHaveRatesAndShares) {
  const auto outcome =
      run_other("bench/kernel_bench",
                "--device cpu --batch 1 --repeats 1 --benchmark_out=kernels.json --out results.json "
                "--benchmark_filter='^(matmul/1x768x768_forward|gelu_forward/49x1024)'");
  ASSERT_EQ(outcome.exit_code, 0) << outcome.errors;
  const json report = written("kernels.json");
  EXPECT_GT(std::stod(report.at("context").at("ceiling_GB_per_s").get<std::string>()), 0);
  ASSERT_EQ(report.at("benchmarks").size(), 2u);
  for (const json& b : report.at("benchmarks")) {
    EXPECT_GT(b.at("median_us"), 0);
    EXPECT_GT(b.at("GB/s"), 0);
    EXPECT_GT(b.at("of_ceiling"), 0);
  }
  EXPECT_TRUE(report.at("benchmarks")[0].contains("GFLOP/s"));
  EXPECT_FALSE(report.at("benchmarks")[1].contains("GFLOP/s"));
  const json own = written("results.json");
  EXPECT_EQ(own.at("context").at("batch"), "1");
  ASSERT_EQ(own.at("results").size(), 2u);
  EXPECT_EQ(own.at("results")[0].at("name"), "matmul/1x768x768_forward");
  EXPECT_EQ(own.at("results")[0].at("operands"),
            "c [1, 768] f32, a [1, 768] f32, b [768, 768] f32, bias [768] f32");
  EXPECT_EQ(own.at("results")[0].at("us"), report.at("benchmarks")[0].at("median_us"));
}

#if defined(POSTER_LAUNCH_MODEL)
// What runs beside the main queue is counted, too.
TEST_F(Programs, LaunchesAreCountedOnWhateverStream) {
  const auto launches = [&](const std::string& name) {
    const auto outcome =
        run_other("bench/launch_model", "--model poster-v2-tiny --sam 2 --inference 1 --out " + name);
    EXPECT_EQ(outcome.exit_code, 0) << outcome.errors;
    std::vector<std::size_t> counts;
    const json cases = written(name).at("cases");
    for (const json& c : cases) {
      counts.push_back(0);
      for (const json& op : c.at("sequence"))
        counts.back() += c.at("ops").at(op.get<std::size_t>()).at("launches").size();
    }
    return counts;
  };
  const auto several = launches("several.json");
  const poster::test::ScopedVariable one_stream("POSTER_CUDA_ONE_STREAM", "1");
  EXPECT_EQ(several, launches("one.json"));
  ASSERT_EQ(several.size(), 2u);
  EXPECT_GT(several[0], 100u);
}

// How many nodes a graph may have, in all and on its longest path: what it has now. Whoever saves some lowers
// the figure here; one that must rise needs a reason.
struct GraphBound {
  const char* task;
  int batch;
  std::size_t nodes, longest_path;
};
constexpr GraphBound kGraphBounds[] = {
    {"inference", 1, 235, 150},
    {"inference", 256, 235, 150},
    {"sam_step", 64, 1306, 799},
};

TEST_F(Programs, GraphsOfTheNetworkKeepWithinTheirBounds) {
  const auto outcome =
      run_other("bench/launch_model", "--model poster-v2 --sam 64 --inference 1,256 --out launches.json");
  ASSERT_EQ(outcome.exit_code, 0) << outcome.errors;
  const json cases = written("launches.json").at("cases");
  ASSERT_EQ(cases.size(), std::size(kGraphBounds));
  for (std::size_t i = 0; i < cases.size(); ++i) {
    const GraphBound& bound = kGraphBounds[i];
    SCOPED_TRACE(std::string(bound.task) + ", batch " + std::to_string(bound.batch));
    EXPECT_EQ(cases[i].at("task"), bound.task);
    EXPECT_EQ(cases[i].at("batch"), bound.batch);
    EXPECT_LE(cases[i].at("nodes"), bound.nodes);
    EXPECT_LE(cases[i].at("longest_path"), bound.longest_path);
    EXPECT_GT(cases[i].at("longest_path"), bound.longest_path / 2);
  }
}
#endif

TEST_F(Programs, SayWhatIsWrong) {
  for (const std::string program : {"determinism", "network_times", "kernel_bench"}) {
    const auto no_device = run_other("bench/" + program, "--device gpu");
    EXPECT_EQ(no_device.exit_code, 1);
    EXPECT_EQ(no_device.errors.find(program + ": --device gpu: "), 0u) << no_device.errors;
    const auto no_type = run_other("bench/" + program, "--device cpu --precision fp16");
    EXPECT_EQ(no_type.exit_code, 1);
    EXPECT_NE(no_type.errors.find("needs a CUDA device"), std::string::npos) << no_type.errors;
  }
  EXPECT_EQ(run_other("bench/kernel_bench", "--device cpu --nonsense").exit_code, 1);
}

}  // namespace

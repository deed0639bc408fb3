#include "kernels/step_state/step_state.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>

#include "tests/support/buffers.h"
#include "tests/support/cuda_ops.h"

namespace poster::kernels {
namespace {

using Action = StepControl::Action;

std::string text(const StepState& s) {
  std::string all;
  for (const double v : {s.learning_rate, s.squared_norm, s.loss_scale}) all += std::to_string(v) + " ";
  for (const std::int64_t v : {s.good_steps, s.skipped_steps, s.updates, std::int64_t{s.finite}})
    all += std::to_string(v) + " ";
  return all + std::to_string(s.forward_pass);
}

class StepStateCuda : public test::CudaTest {};

// Many steps, some with a gradient that is not finite: after every action the state is the CPU's.
TEST_F(StepStateCuda, FollowsTheCpuThroughManySteps) {
  CudaQueue queue;
  CpuQueue cpu(1);
  StepState expected{.learning_rate = 0.1, .loss_scale = 1024};
  test::DeviceArray<StepState> state(std::vector<StepState>{expected});
  const auto both = [&](Action action) {
    run(cpu, StepControl{.state = &expected, .action = action, .growth_interval = 3});
    run(queue, StepControl{.state = state.data(), .action = action, .growth_interval = 3});
    ASSERT_EQ(text(state.download(queue)[0]), text(expected));
  };
  const double infinity = std::numeric_limits<double>::infinity();
  for (const double norm : {1.0, infinity, 2.0, 3.0, std::nan(""), infinity, 1.0, 2.0, 3.0, 4.0}) {
    for (const Action action : {Action::next_pass, Action::next_pass}) both(action);
    expected.squared_norm = norm;
    StepState there = state.download(queue)[0];
    there.squared_norm = norm;
    state.upload({there});
    for (const Action action : {Action::check_gradient, Action::begin_update, Action::finish_step})
      both(action);
  }
  EXPECT_EQ(expected.skipped_steps, 3);
  EXPECT_EQ(expected.updates, 7);
  EXPECT_EQ(expected.forward_pass, 20u);
  EXPECT_EQ(expected.loss_scale, 256);  // halved three times, doubled once
}

}  // namespace
}  // namespace poster::kernels

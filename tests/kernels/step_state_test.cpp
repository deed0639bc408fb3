#include "kernels/step_state/step_state.h"

#include <gtest/gtest.h>

#include <limits>

namespace poster::kernels {
namespace {

using Action = StepControl::Action;

class StepStateTest : public testing::Test {
 protected:
  void take(Action action, std::int64_t growth_interval = 0) {
    run(queue_, StepControl{.state = &state_, .action = action, .growth_interval = growth_interval});
  }
  // A whole step whose gradient has this squared norm.
  void step(double squared_norm, std::int64_t growth_interval) {
    state_.squared_norm = squared_norm;
    take(Action::check_gradient);
    take(Action::begin_update);
    take(Action::finish_step, growth_interval);
  }
  CpuQueue queue_{1};
  StepState state_;
};

TEST_F(StepStateTest, CountsPasses) {
  take(Action::next_pass);
  take(Action::next_pass);
  EXPECT_EQ(state_.forward_pass, 2u);
}

TEST_F(StepStateTest, OneGradientThatIsNotFiniteSpoilsTheStep) {
  for (double bad : {std::numeric_limits<double>::infinity(), std::numeric_limits<double>::quiet_NaN()}) {
    state_ = {.squared_norm = bad};
    take(Action::check_gradient);
    EXPECT_EQ(state_.finite, 0);
    state_.squared_norm = 1;
    take(Action::check_gradient);
    EXPECT_EQ(state_.finite, 0);
    take(Action::begin_update);
    EXPECT_EQ(state_.updates, 0);
    take(Action::finish_step);
    EXPECT_EQ(state_.finite, 1);
    EXPECT_EQ(state_.skipped_steps, 1);
  }
}

TEST_F(StepStateTest, TheScaleIsHalvedAndDoubled) {
  const double inf = std::numeric_limits<double>::infinity();
  state_.loss_scale = 1024;
  step(1, 3);
  step(1, 3);
  EXPECT_EQ(state_.loss_scale, 1024);
  step(inf, 3);
  EXPECT_EQ(state_.loss_scale, 512);
  step(1, 3);
  step(1, 3);
  EXPECT_EQ(state_.loss_scale, 512);
  step(1, 3);
  EXPECT_EQ(state_.loss_scale, 1024);
  EXPECT_EQ(state_.updates, 5);
  EXPECT_EQ(state_.skipped_steps, 1);
}

TEST_F(StepStateTest, AFixedScaleStays) {
  state_.loss_scale = 8;
  step(std::numeric_limits<double>::infinity(), 0);
  step(1, 0);
  EXPECT_EQ(state_.loss_scale, 8);
}

TEST_F(StepStateTest, TheScaleKeepsWithinBounds) {
  for (int i = 0; i < 100; ++i) step(std::numeric_limits<double>::infinity(), 1);
  EXPECT_EQ(state_.loss_scale, 1.0 / 16777216);
  for (int i = 0; i < 100; ++i) step(1, 1);
  EXPECT_EQ(state_.loss_scale, 16777216);
}

}  // namespace
}  // namespace poster::kernels

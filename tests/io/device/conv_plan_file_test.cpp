#include "io/device/conv_plan_file.h"

#include <gtest/gtest.h>

#include "tests/support/error_text.h"

namespace poster::io {
namespace {

const ConvPlanFile kFile{.made_for = "NVIDIA H200, cuDNN 9.19.0",
                         .plans = {{"conv2d_forward 1x2x2x8 out=8 kernel=3", "bias 62 27=2"},
                                   {"conv2d_backward_data 1x2x2x8 out=8 kernel=3", "none 1"}}};

TEST(ConvPlanFile, IsReadAsItWasWritten) {
  const std::string text = conv_plan_text(kFile);
  const ConvPlanFile back = parse_conv_plans(text, "p");
  EXPECT_EQ(back.made_for, kFile.made_for);
  EXPECT_EQ(back.plans, kFile.plans);
  EXPECT_EQ(conv_plan_text(back), text);
}

TEST(ConvPlanFile, AnotherTextIsRefusedWithTheLine) {
  const auto error = [](const std::string& text) {
    return test::error_of([&] { parse_conv_plans(text, "p"); });
  };
  const std::string good = conv_plan_text(kFile);
  test::expect_contains(error(""), "p, line 1: not \"Poster's plans for cuDNN, version 1\"");
  test::expect_contains(error("Poster's plans for cuDNN, version 2\n"), "p, line 1: not");
  test::expect_contains(error(good.substr(0, good.find('\n') + 1)), "p, line 2: no device");
  test::expect_contains(error(good + "conv2d\n"), "p, line 5: not a convolution and its plan");
  test::expect_contains(error(good + "conv2d_forward 1: \n"), "p, line 5: not a convolution and its plan");
  test::expect_contains(error(good + "conv2d_backward_data 1x2x2x8 out=8 kernel=3: none 2\n"),
                        "p, line 5: a second plan for conv2d_backward_data");
  test::expect_contains(error(good + "\n"), "network_times --tune");
}

}  // namespace
}  // namespace poster::io

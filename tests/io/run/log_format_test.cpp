#include "io/run/log_format.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace poster::io {
namespace {

// What Python 3 prints for repr() of these numbers.
TEST(PythonFloatRepr, Literals) {
  const std::pair<double, const char*> cases[] = {
      {0.0, "0.0"},
      {-0.0, "-0.0"},
      {1.0, "1.0"},
      {100.0, "100.0"},
      {-2.5, "-2.5"},
      {0.1, "0.1"},
      {0.1 + 0.2, "0.30000000000000004"},
      {3.5e-05, "3.5e-05"},
      {3.5e-05 * 0.98, "3.4299999999999993e-05"},
      {3.5e-05 * 0.98 * 0.98, "3.3613999999999994e-05"},
      {0.0001, "0.0001"},
      {0.00012345, "0.00012345"},
      {0.00009999, "9.999e-05"},
      {1e-05, "1e-05"},
      {1e-10, "1e-10"},
      {1e15, "1000000000000000.0"},
      {1234567890123456.0, "1234567890123456.0"},
      {9999999999999998.0, "9999999999999998.0"},
      {1e16, "1e+16"},
      {1.5e16, "1.5e+16"},
      {1e22, "1e+22"},
      {1.7976931348623157e308, "1.7976931348623157e+308"},
      {5e-324, "5e-324"},
      {2.2250738585072014e-308, "2.2250738585072014e-308"},
      {82.36111450195312, "82.36111450195312"},
      {123456.789, "123456.789"},
  };
  for (const auto& [value, text] : cases) EXPECT_EQ(python_float_repr(value), text);
  EXPECT_EQ(python_float_repr(std::numeric_limits<double>::infinity()), "inf");
  EXPECT_EQ(python_float_repr(-std::numeric_limits<double>::infinity()), "-inf");
  EXPECT_EQ(python_float_repr(std::nan("")), "nan");
  EXPECT_EQ(python_float_repr(-std::nan("")), "nan");
}

AverageMeter meter(double first, int first_count, double last = 0, int last_count = 0) {
  AverageMeter result;
  result.add(first, first_count);
  if (last_count > 0) result.add(last, last_count);
  return result;
}

TEST(LogFormat, LearningRate) {
  EXPECT_EQ(format_learning_rate_line(3.5e-5), "Current learning rate: 3.5e-05");
}

TEST(LogFormat, Epoch) {
  // The average of both passes of a SAM step, of which the second came last.
  EXPECT_EQ(format_epoch_line(0, 0, 45, meter(1.9512, 64, 2.7078, 64), meter(3.125, 64, 0, 64)),
            "Epoch: [0][ 0/45]\tLoss 2.7078 (2.3295)\tAccuracy  0.000 ( 1.562)");
  EXPECT_EQ(format_epoch_line(12, 7, 9, meter(0.5, 1), meter(100, 1)),
            "Epoch: [12][7/9]\tLoss 0.5000 (0.5000)\tAccuracy 100.000 (100.000)");
  EXPECT_EQ(format_epoch_line(199, 30, 1000, meter(12.34567, 1), meter(9.9999, 1)),
            "Epoch: [199][  30/1000]\tLoss 12.3457 (12.3457)\tAccuracy 10.000 (10.000)");
}

TEST(LogFormat, Test) {
  EXPECT_EQ(format_test_line(0, 12, meter(0.8716, 64), meter(65.625, 64)),
            "Test: [ 0/12]\tLoss 0.8716 (0.8716)\tAccuracy 65.625 (65.625)");
}

TEST(LogFormat, NaNAsPythonPrintsIt) {
  EXPECT_EQ(format_test_line(0, 1, meter(-std::nan(""), 1), meter(0, 1)),
            "Test: [0/1]\tLoss nan (nan)\tAccuracy  0.000 ( 0.000)");
  EXPECT_EQ(format_test_line(0, 1, meter(0, 1), AverageMeter()),
            "Test: [0/1]\tLoss 0.0000 (0.0000)\tAccuracy  0.000 (   nan)");
}

TEST(LogFormat, Accuracy) {
  EXPECT_EQ(format_accuracy_line(82.36111450195312), " * Accuracy 82.361");
  EXPECT_EQ(format_accuracy_line(100), " * Accuracy 100.000");
  EXPECT_EQ(format_accuracy_line(5), " * Accuracy 5.000");
}

TEST(LogFormat, BestAccuracyIsAFloatWidened) {
  EXPECT_EQ(format_best_accuracy_line(82.361115f), "Current best accuracy: 82.36111450195312");
  EXPECT_EQ(format_best_accuracy_line(593.f / 720 * 100), "Current best accuracy: 82.36111450195312");
  EXPECT_EQ(format_best_accuracy_line(100.f), "Current best accuracy: 100.0");
  EXPECT_EQ(format_best_accuracy_line(0.f), "Current best accuracy: 0.0");
}

}  // namespace
}  // namespace poster::io

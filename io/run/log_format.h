// Log lines in the format of the reference, which has it from PyTorch's ImageNet example, so that tools that
// read those logs read ours. No line ends with a line break.
#pragma once

#include <string>

#include "io/score/metrics.h"

namespace poster::io {

// repr() of a Python float: the shortest digits that read back as the same double, with an exponent below
// 1e-4 and from 1e16 on: "3.5e-05", "0.0001", "1.0", "1e+16", "nan", "inf".
std::string python_float_repr(double value);

// "Current learning rate: 3.5e-05"
std::string format_learning_rate_line(double learning_rate);
// "Epoch: [0][ 0/45]\tLoss 2.7078 (2.3295)\tAccuracy  0.000 ( 1.562)": the last batch and the average so far;
// accuracies in percent.
std::string format_epoch_line(int epoch, int step, int steps, const AverageMeter& loss,
                              const AverageMeter& accuracy);
// "Test: [ 0/12]\tLoss 0.8716 (0.8716)\tAccuracy 65.625 (65.625)"
std::string format_test_line(int step, int steps, const AverageMeter& loss, const AverageMeter& accuracy);
// " * Accuracy 82.361"
std::string format_accuracy_line(double accuracy);
// "Current best accuracy: 82.36111450195312": a float32, as Python prints it once it is a double.
std::string format_best_accuracy_line(float accuracy);

}  // namespace poster::io

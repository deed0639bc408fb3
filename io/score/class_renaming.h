// Whether the outputs of a network stand for other classes than they are named after: the commonest mistake
// with weights from elsewhere, whose class order is known to their author alone.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "io/score/metrics.h"

namespace poster::io {

struct ClassRenaming {
  // By label: the output that stands for it; -1 for a class without images.
  std::vector<int> output_of;
  double accuracy = 0;          // mean over the classes of their recall, in percent, as the outputs are named
  double renamed_accuracy = 0;  // the same after renaming
};

// The assignment of outputs to labels with the highest mean recall (the linear assignment problem; H. W.
// Kuhn, "The Hungarian method for the assignment problem", 1955), if it fits much better than the names do:
// by 15 points or more, and by more than chance explains even when the best of all assignments is looked for.
// Nothing otherwise. Recalls and not counts, so that a network that knows one class alone has no renaming.
std::optional<ClassRenaming> find_class_renaming(const ConfusionMatrix& confusion);

// Some lines that tell of it: what each output should be called, and the two accuracies.
std::string describe(const ClassRenaming& renaming, const ConfusionMatrix& confusion);

}  // namespace poster::io

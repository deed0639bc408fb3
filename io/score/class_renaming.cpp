#include "io/score/class_renaming.h"

#include <cmath>
#include <cstdio>
#include <limits>

namespace poster::io {
namespace {

constexpr double kMinGain = 0.15;

// For each row of cost[rows][columns], rows <= columns, the column of the cheapest assignment. Shortest
// augmenting paths with potentials, O(rows² columns).
std::vector<int> cheapest_assignment(const std::vector<std::vector<double>>& cost) {
  const int rows = static_cast<int>(cost.size());
  const int columns = rows > 0 ? static_cast<int>(cost[0].size()) : 0;
  constexpr int kFree = -1;
  // One column more than there are, where each search begins.
  std::vector<double> row_potential(rows, 0), column_potential(columns + 1, 0);
  std::vector<int> row_of(columns + 1, kFree);
  for (int row = 0; row < rows; ++row) {
    std::vector<double> distance(columns, std::numeric_limits<double>::infinity());
    std::vector<int> before(columns, columns);
    std::vector<bool> done(columns + 1, false);
    int at = columns;
    row_of[at] = row;
    while (row_of[at] != kFree) {
      done[at] = true;
      const int from = row_of[at];
      int next = kFree;
      for (int c = 0; c < columns; ++c) {
        if (done[c]) continue;
        const double through = cost[from][c] - row_potential[from] - column_potential[c];
        if (through < distance[c]) distance[c] = through, before[c] = at;
        if (next == kFree || distance[c] < distance[next]) next = c;
      }
      const double step = distance[next];
      for (int c = 0; c <= columns; ++c)
        if (done[c])
          row_potential[row_of[c]] += step, column_potential[c] -= step;
        else
          distance[c] -= step;
      at = next;
    }
    for (; at != columns; at = before[at]) row_of[at] = row_of[before[at]];
    row_of[columns] = kFree;
  }
  std::vector<int> column_of(rows, kFree);
  for (int c = 0; c < columns; ++c)
    if (row_of[c] != kFree) column_of[row_of[c]] = c;
  return column_of;
}

// McNemar's test of the images that only one of the two namings gets right, against all assignments of n
// classes: more than four standard deviations plus what the best of n! normal values reaches.
bool beyond_chance(std::int64_t renamed_alone, std::int64_t named_alone, int classes) {
  const double changed = static_cast<double>(renamed_alone + named_alone);
  if (renamed_alone <= named_alone) return false;
  const double deviations = static_cast<double>(renamed_alone - named_alone) / std::sqrt(changed);
  return deviations > 4 + std::sqrt(2 * std::lgamma(classes + 1.0));
}

// The classes in the order of the outputs; empty where an output stands for none.
std::string class_order(const ClassRenaming& renaming, const ConfusionMatrix& confusion) {
  std::vector<std::string> names(static_cast<std::size_t>(confusion.outputs()));
  for (int label = 0; label < confusion.classes(); ++label) {
    const int output = renaming.output_of[static_cast<std::size_t>(label)];
    if (output >= 0)
      names[static_cast<std::size_t>(output)] = confusion.class_names()[static_cast<std::size_t>(label)];
  }
  std::string order;
  for (const std::string& name : names) {
    if (name.empty()) return "";
    order += (order.empty() ? "" : ",") + name;
  }
  return order;
}

}  // namespace

std::optional<ClassRenaming> find_class_renaming(const ConfusionMatrix& confusion) {
  std::vector<int> labels;
  std::vector<std::vector<double>> cost;
  for (int label = 0; label < confusion.classes(); ++label) {
    if (confusion.support(label) == 0) continue;
    labels.push_back(label);
    cost.emplace_back();
    for (int output = 0; output < confusion.outputs(); ++output)
      cost.back().push_back(-confusion.row_share(label, output));
  }
  const std::vector<int> assigned = cheapest_assignment(cost);
  const int count = static_cast<int>(labels.size());
  ClassRenaming renaming{.output_of = std::vector<int>(static_cast<std::size_t>(confusion.classes()), -1)};
  std::int64_t renamed_alone = 0, named_alone = 0;
  for (int i = 0; i < count; ++i) {
    renaming.output_of[labels[i]] = assigned[i];
    renaming.accuracy += confusion.row_share(labels[i], labels[i]) * 100 / count;
    renaming.renamed_accuracy += confusion.row_share(labels[i], assigned[i]) * 100 / count;
    if (assigned[i] == labels[i]) continue;
    renamed_alone += confusion.count(labels[i], assigned[i]);
    named_alone += confusion.count(labels[i], labels[i]);
  }
  if (renaming.renamed_accuracy - renaming.accuracy < 100 * kMinGain ||
      !beyond_chance(renamed_alone, named_alone, count))
    return std::nullopt;
  return renaming;
}

std::string describe(const ClassRenaming& renaming, const ConfusionMatrix& confusion) {
  char accuracies[128];
  std::snprintf(accuracies, sizeof accuracies, "%.1f %% as they are named, %.1f %%", renaming.accuracy,
                renaming.renamed_accuracy);
  std::string text =
      std::string("The outputs fit other names much better. Mean recall is ") + accuracies + " with these:\n";
  for (int label = 0; label < confusion.classes(); ++label) {
    const int output = renaming.output_of[static_cast<std::size_t>(label)];
    if (output < 0) continue;
    char share[64];
    std::snprintf(share, sizeof share, "%.1f", 100 * confusion.row_share(label, output));
    text += "  output " + std::to_string(output) + ", named " + confusion.output_name(output) + ": " +
            (output == label ? "stays" : confusion.class_names()[static_cast<std::size_t>(label)]) + " (" +
            share + " % of the images of " + confusion.class_names()[static_cast<std::size_t>(label)] + ")\n";
  }
  text += "The weights were probably trained with another order of classes, or these images sorted by one.";
  const std::string order = class_order(renaming, confusion);
  if (!order.empty()) text += " Where the file names none, --classes " + order + " gives it.";
  return text + "\n";
}

}  // namespace poster::io

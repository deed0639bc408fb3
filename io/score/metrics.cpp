#include "io/score/metrics.h"

#include <algorithm>
#include <cstdio>
#include <limits>
#include <nlohmann/json.hpp>

#include "engine/error.h"
#include "io/format/display_width.h"

namespace poster::io {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

double ratio(double numerator, double denominator) { return denominator > 0 ? numerator / denominator : 0; }

std::string fixed(double value, int digits) {
  char text[400];
  std::snprintf(text, sizeof text, "%.*f", digits, value);
  return value == value ? text : "-";
}

// Rows of cells; the first column to the left, the others to the right.
std::string aligned(const std::vector<std::vector<std::string>>& rows) {
  std::vector<int> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()), 0);
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], display_width(row[i]));
  }
  std::string text;
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      const std::string padding(widths[i] - display_width(row[i]), ' ');
      if (i == 0)
        text += row.size() > 1 ? row[i] + padding : row[i];
      else
        text.append("  ").append(padding).append(row[i]);
    }
    text += '\n';
  }
  return text;
}

}  // namespace

void AverageMeter::add(double value, std::int64_t count) {
  value_ = value;
  sum_ += value * static_cast<double>(count);
  count_ += count;
}

double AverageMeter::average() const { return count_ > 0 ? sum_ / static_cast<double>(count_) : kNaN; }

ConfusionMatrix::ConfusionMatrix(std::vector<std::string> class_names, int outputs)
    : names_(std::move(class_names)),
      outputs_(std::max(outputs, static_cast<int>(names_.size()))),
      counts_(names_.size() * outputs_, 0) {}

void ConfusionMatrix::add(int label, int prediction, std::int64_t count) {
  if (label < 0 || label >= classes())
    throw Error("label " + std::to_string(label) + " is none of the " + std::to_string(classes()) +
                " classes, check the data set");
  if (prediction < 0 || prediction >= outputs_)
    throw Error("prediction " + std::to_string(prediction) + " is none of the " + std::to_string(outputs_) +
                " outputs, check the checkpoint");
  counts_[label * outputs_ + prediction] += count;
}

void ConfusionMatrix::add(std::span<const std::int32_t> labels, std::span<const std::int32_t> predictions) {
  if (labels.size() != predictions.size())
    throw Error("there are " + std::to_string(labels.size()) + " labels for " +
                std::to_string(predictions.size()) + " predictions, check the data set");
  for (std::size_t i = 0; i < labels.size(); ++i) add(labels[i], predictions[i]);
}

void ConfusionMatrix::add(const ConfusionMatrix& other) {
  if (other.classes() != classes() || other.outputs() != outputs_)
    throw Error("confusion matrices of different classes can't be added, check the data sets");
  for (std::size_t i = 0; i < counts_.size(); ++i) counts_[i] += other.counts_[i];
}

std::string ConfusionMatrix::output_name(int output) const {
  return output < classes() ? names_[output] : "output " + std::to_string(output);
}

std::int64_t ConfusionMatrix::support(int label) const {
  std::int64_t sum = 0;
  for (int output = 0; output < outputs_; ++output) sum += count(label, output);
  return sum;
}

std::int64_t ConfusionMatrix::total() const {
  std::int64_t sum = 0;
  for (const std::int64_t count : counts_) sum += count;
  return sum;
}

double ConfusionMatrix::row_share(int label, int prediction) const {
  const std::int64_t images = support(label);
  return images > 0 ? static_cast<double>(count(label, prediction)) / static_cast<double>(images) : kNaN;
}

double ConfusionMatrix::accuracy() const {
  std::int64_t right = 0;
  for (int label = 0; label < classes(); ++label) right += count(label, label);
  const std::int64_t images = total();
  return images > 0 ? 100.0 * static_cast<double>(right) / static_cast<double>(images) : kNaN;
}

double ConfusionMatrix::macro_f1() const {
  double sum = 0;
  int present = 0;
  for (const ClassMetrics& one : per_class()) {
    if (one.support == 0) continue;
    sum += one.f1;
    ++present;
  }
  return present > 0 ? sum / present : kNaN;
}

std::vector<ClassMetrics> ConfusionMatrix::per_class() const {
  std::vector<ClassMetrics> result;
  for (int c = 0; c < classes(); ++c) {
    std::int64_t predicted = 0;
    for (int label = 0; label < classes(); ++label) predicted += count(label, c);
    ClassMetrics one{.name = names_[c], .support = support(c)};
    const auto right = static_cast<double>(count(c, c));
    one.precision = ratio(right, static_cast<double>(predicted));
    one.recall = ratio(right, static_cast<double>(one.support));
    one.f1 = ratio(2 * right, static_cast<double>(predicted + one.support));
    result.push_back(one);
  }
  return result;
}

std::string ConfusionMatrix::text() const {
  // An output that is no class and was never predicted would only widen the table.
  std::vector<int> shown;
  for (int output = 0; output < outputs_; ++output) {
    bool predicted = output < classes();
    for (int label = 0; label < classes(); ++label) predicted = predicted || count(label, output) > 0;
    if (predicted) shown.push_back(output);
  }
  std::vector<std::vector<std::string>> table{{"label \\ prediction"}};
  for (const int output : shown) table[0].push_back(output_name(output));
  for (int label = 0; label < classes(); ++label) {
    table.push_back({names_[label]});
    for (const int output : shown) table.back().push_back(std::to_string(count(label, output)));
  }
  std::vector<std::vector<std::string>> measures{{"class", "precision", "recall", "F1", "images"}};
  for (const ClassMetrics& one : per_class())
    measures.push_back({one.name, fixed(one.precision, 4), fixed(one.recall, 4), fixed(one.f1, 4),
                        std::to_string(one.support)});
  measures.push_back({"macro F1", "", "", fixed(macro_f1(), 4), std::to_string(total())});
  return aligned(table) + "\n" + aligned(measures) + "\naccuracy " + fixed(accuracy(), 3) + " %\n";
}

nlohmann::ordered_json ConfusionMatrix::json() const {
  using nlohmann::ordered_json;
  ordered_json rows = ordered_json::array(), measures = ordered_json::array();
  for (int label = 0; label < classes(); ++label) {
    ordered_json row = ordered_json::array();
    for (int output = 0; output < outputs_; ++output) row.push_back(count(label, output));
    rows.push_back(row);
  }
  for (const ClassMetrics& one : per_class())
    measures.push_back({{"name", one.name},
                        {"precision", one.precision},
                        {"recall", one.recall},
                        {"f1", one.f1},
                        {"support", one.support}});
  // NaN is no JSON; the library would only turn it into null when it is written.
  const auto number = [](double value) { return value == value ? ordered_json(value) : ordered_json(); };
  return {{"classes", names_},
          {"outputs", outputs_},
          {"confusion", rows},
          {"total", total()},
          {"accuracy", number(accuracy())},
          {"macro_f1", number(macro_f1())},
          {"per_class", measures}};
}

ConfusionMatrix ConfusionMatrix::from_json(const nlohmann::ordered_json& json, const std::string& source) {
  const auto check = [&](bool good, const std::string& what) {
    if (!good) throw Error(source + ": " + what + "; remove the file and evaluate the checkpoint again");
  };
  const auto member = [&](const char* key) -> const nlohmann::ordered_json& {
    check(json.is_object() && json.contains(key), std::string("has no \"") + key + "\"");
    return json.at(key);
  };
  const auto &classes = member("classes"), &outputs = member("outputs"), &rows = member("confusion");
  check(classes.is_array() && !classes.empty(), "\"classes\" is no list of names");
  std::vector<std::string> names;
  for (const auto& name : classes) {
    check(name.is_string(), "\"classes\" is no list of names");
    names.push_back(name.get<std::string>());
  }
  check(outputs.is_number_integer() && outputs >= names.size(),
        "\"outputs\" is no number of the classes or more");
  check(rows.is_array() && rows.size() == names.size(), "\"confusion\" has not one row a class");
  for (const auto& row : rows)  // before anything of that size is made
    check(row.is_array() && outputs == row.size(), "a row of \"confusion\" has not one count an output");
  ConfusionMatrix matrix(std::move(names), outputs.get<int>());
  constexpr std::int64_t kMax = std::int64_t{1} << 40;  // so that no sum overflows
  std::size_t at = 0;
  for (const auto& row : rows)
    for (const auto& count : row) {
      check(count.is_number_integer() && count >= 0 && count <= kMax, "\"confusion\" holds what is no count");
      matrix.counts_[at++] = count.get<std::int64_t>();
    }
  check(member("total") == matrix.total(), "\"total\" is not the sum of \"confusion\"");
  return matrix;
}

}  // namespace poster::io

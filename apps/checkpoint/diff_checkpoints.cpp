#include "apps/checkpoint/diff_checkpoints.h"

#include <cmath>
#include <cstdio>
#include <map>
#include <memory>

#include "engine/error.h"
#include "engine/weight_names.h"
#include "io/checkpoint/checkpoint.h"
#include "io/checkpoint/checkpoint_sources.h"
#include "model/weights.h"

namespace poster {
namespace {

// One side: the tensors of a file by name, whether it holds a whole network or not.
struct Side {
  std::unique_ptr<io::WeightsFile> file;  // null: checkpoint
  std::unique_ptr<Checkpoint> checkpoint;
  std::map<std::string, std::pair<const TensorSource*, std::size_t>> tensors;
  std::map<std::string, std::string> metadata;

  Side(const std::filesystem::path& path, const io::TorchOptions& options)
      : file(std::make_unique<io::WeightsFile>(path, options)) {
    if (checkpoint_metadata(*file).empty() && !detect_model(*file)) {
      add(*file, "");
      return;
    }
    file.reset();
    checkpoint = std::make_unique<Checkpoint>(path, options);
    add(checkpoint->weights(), "");
    add(checkpoint->moments(), kOptimizerPrefix);
    metadata = checkpoint->metadata();
  }
  void add(const TensorSource& source, const std::string& prefix) {
    for (std::size_t i = 0; i < source.entries().size(); ++i)
      tensors.emplace(prefix + without_wrappers(source.entries()[i].name), std::pair(&source, i));
  }
};

TensorDifference compare(const TensorView& a, const TensorView& b) {
  TensorDifference difference;
  double scale = 0;
  visit_elements(a, [&](const auto& left) {
    visit_elements(b, [&](const auto& right) {
      for (std::int64_t i = 0, n = a.element_count(); i < n; ++i) {
        const auto x = left[i];
        const auto y = right[i];
        if constexpr (std::is_integral_v<std::remove_cvref_t<decltype(x)>> &&
                      std::is_integral_v<std::remove_cvref_t<decltype(y)>>) {
          if (std::cmp_equal(x, y)) continue;
        }
        const auto u = static_cast<double>(x), v = static_cast<double>(y);
        if (std::isfinite(u)) scale = std::max(scale, std::abs(u));
        if constexpr (!(std::is_integral_v<std::remove_cvref_t<decltype(x)>> &&
                        std::is_integral_v<std::remove_cvref_t<decltype(y)>>)) {
          if (u == v || (std::isnan(u) && std::isnan(v))) continue;
        }
        ++difference.count;
        // A comparison that lets NaN through to the result.
        if (const double distance = std::abs(u - v); !(distance <= difference.largest))
          difference.largest = distance;
      }
    });
  });
  difference.relative = scale > 0 ? difference.largest / scale : difference.largest;
  return difference;
}

}  // namespace

CheckpointDifference diff_checkpoints(const std::filesystem::path& a, const std::filesystem::path& b,
                                      double tolerance, bool values_only, bool ignore_unsafe) {
  const io::TorchOptions options{.ignore_unsafe = ignore_unsafe};
  const Side left(a, options), right(b, options);
  CheckpointDifference result;
  for (const auto& [name, place] : left.tensors) {
    const auto other = right.tensors.find(name);
    if (other == right.tensors.end()) {
      result.tensors.push_back({.name = name, .what = "only in A"});
      continue;
    }
    ++result.compared;
    const auto& one = place.first->entries()[place.second];
    const auto& two = other->second.first->entries()[other->second.second];
    if (one.shape != two.shape || (one.dtype != two.dtype && !values_only)) {
      result.tensors.push_back({.name = name,
                                .what = std::string(name_of(one.dtype)) + " " + describe(one.shape) +
                                        " and " + std::string(name_of(two.dtype)) + " " +
                                        describe(two.shape)});
      continue;
    }
    place.first->read(place.second, [&](const TensorView& x) {
      other->second.first->read(other->second.second, [&](const TensorView& y) {
        TensorDifference difference = compare(x, y);
        difference.name = name;
        if (difference.count > 0 && !(difference.relative <= tolerance))
          result.tensors.push_back(std::move(difference));
      });
    });
  }
  for (const auto& [name, place] : right.tensors)
    if (!left.tensors.contains(name)) result.tensors.push_back({.name = name, .what = "only in B"});
  if (!left.metadata.empty() && !right.metadata.empty())
    for (const auto& [key, text] : left.metadata) {
      const auto other = right.metadata.find(key);
      if (other == right.metadata.end() || other->second != text)
        result.metadata.push_back(key + ": " + text + " and " +
                                  (other == right.metadata.end() ? "nothing" : other->second));
    }
  return result;
}

std::string text_of(const CheckpointDifference& difference) {
  std::string text;
  for (const TensorDifference& t : difference.tensors) {
    if (!t.what.empty()) {
      text += t.name + ": " + t.what + "\n";
      continue;
    }
    char line[120];
    std::snprintf(line, sizeof line, ": %lld elements differ, at most by %.6g (%.3g of the largest)\n",
                  static_cast<long long>(t.count), t.largest, t.relative);
    text += t.name + line;
  }
  for (const std::string& line : difference.metadata) text += line + "\n";
  return text + std::to_string(difference.compared) + " tensors compared, " +
         (difference.equal()
              ? "all equal"
              : std::to_string(difference.tensors.size()) + " differ or stand in one file alone") +
         "\n";
}

}  // namespace poster

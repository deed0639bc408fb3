#include "io/checkpoint/half_weights.h"

#include <cmath>

#include "engine/error.h"

namespace poster {
namespace {

bool is_wide_float(DType dtype) { return dtype == DType::f64 || dtype == DType::f32 || dtype == DType::bf16; }

}  // namespace

HalfWeights::HalfWeights(const TensorSource& source) : source_(source), entries_(source.entries()) {
  for (Entry& entry : entries_)
    if (is_wide_float(entry.dtype)) entry.dtype = DType::f16;
}

void HalfWeights::read(std::size_t entry, const std::function<void(const TensorView&)>& use) const {
  if (!is_wide_float(source_.entries().at(entry).dtype)) return source_.read(entry, use);
  source_.read(entry, [&](const TensorView& view) {
    std::vector<Half> halves(static_cast<std::size_t>(view.element_count()));
    visit_elements(view, [&](const auto& elements) {
      for (std::size_t i = 0; i < halves.size(); ++i) {
        const auto value = static_cast<double>(elements[static_cast<std::int64_t>(i)]);
        halves[i] = Half(value);
        if (std::isfinite(value) && !std::isfinite(static_cast<float>(halves[i])))
          throw Error(description() + ": the tensor " + entries_[entry].name + " holds " +
                      std::to_string(value) +
                      ", beyond the 65504 that 16 bits reach; convert it without --half");
      }
    });
    use({DType::f16, view.shape, std::as_bytes(std::span(halves))});
  });
}

}  // namespace poster

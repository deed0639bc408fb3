#include "io/data/device_augmentation.h"

#include "io/image/colour.h"

namespace poster::io {
namespace {

static_assert(static_cast<int>(Jitter::brightness) == 0 && static_cast<int>(Jitter::contrast) == 1 &&
                  static_cast<int>(Jitter::saturation) == 2 && static_cast<int>(Jitter::hue) == 3,
              "the numbers of ImageAugmentation::kind");

}  // namespace

kernels::ImageAugmentation device_augmentation(const Recipe& recipe, const Augmentation& a,
                                               std::int64_t image) {
  kernels::ImageAugmentation result{};
  result.image = image;
  for (const Jitter kind : a.order) {
    if (!in_use(recipe, kind)) continue;
    const double amount = a.amount[static_cast<std::size_t>(kind)];
    result.kind[result.jitters] = static_cast<std::int32_t>(kind);
    result.factor[result.jitters] = static_cast<float>(amount);
    if (kind == Jitter::hue) result.hue = hue_turn(amount);
    ++result.jitters;
  }
  result.flip = a.flip;
  result.rotated = a.degrees != 0;
  const auto rotation = Rotation(recipe.size, recipe.size, a.degrees).coefficients();
  result.x0 = rotation[0], result.xx = rotation[1], result.xy = rotation[2];
  result.y0 = rotation[3], result.yx = rotation[4], result.yy = rotation[5];
  result.dx = a.dx, result.dy = a.dy;
  if (a.erased) {
    result.erase_left = a.erased->left, result.erase_top = a.erased->top;
    result.erase_width = a.erased->width, result.erase_height = a.erased->height;
  }
  return result;
}

}  // namespace poster::io

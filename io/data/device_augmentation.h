// Augmentations in the form in which kernels/augment/augment.h takes them to the device.
#pragma once

#include <cstdint>

#include "io/data/augmentation.h"
#include "kernels/augment/augment.h"

namespace poster::io {

// The augmentation of prepared image number `image` of those on the device, whose result there is
// augment_prepared's.
kernels::ImageAugmentation device_augmentation(const Recipe& recipe, const Augmentation& augmentation,
                                               std::int64_t image);

}  // namespace poster::io

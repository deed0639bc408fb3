#include "io/face/face_box.h"

namespace poster::io {

Eyes eyes_of(const FaceBox& box) {
  if (box.eyes) return *box.eyes;
  const double middle = box.left + box.width / 2, reach = box.width * kEyeDistance / 2;
  const double row = box.top + box.height * kEyeRow;
  return {{middle - reach, row}, {middle + reach, row}};
}

}  // namespace poster::io

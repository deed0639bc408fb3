// Images, small, as a network saw them.
#pragma once

#include <string>
#include <vector>

#include "apps/report/document.h"
#include "io/face/face_view.h"
#include "io/recipe/recipe.h"

namespace poster {

// Of each file: its view, resized as for evaluation, at half the size. One that can't be read has the reason
// in `missing`, and so have all when the view can't be made any more (its texture or detector is gone).
std::vector<Thumbnail> make_thumbnails(const std::vector<std::string>& paths, const io::Recipe& recipe,
                                       const io::ViewOptions& view);

}  // namespace poster

// A view (io/face/face_view.h) as files and messages have it.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "io/face/face_view.h"

namespace poster::io {

// Settings that a view has no use for are left out, so that equal views are equal files.
nlohmann::ordered_json to_json(const ViewOptions& view);
// Throws nlohmann::json::exception for anything that to_json did not write, poster::Error for a view that
// doesn't exist.
ViewOptions view_from_json(const nlohmann::ordered_json& json);

// One line for logs and messages: "headset, 2.3 x 0.6, #000000, on 50 % of the images (seed 0)".
std::string describe(const ViewOptions& view);

// Whether both show the same, wherever a texture lies.
bool same_view(const ViewOptions& one, ViewOptions other);

// Whether both show the same of a face, however each was told where the face is.
bool same_look(ViewOptions one, ViewOptions other);

}  // namespace poster::io

// What surrounds an expression and says nothing about it: head, ears, neck, hair, beard, glasses.
#pragma once

#include "io/sample_faces/canvas.h"
#include "io/sample_faces/parameters.h"

namespace poster::faces {

// In drawing order; drop is how far the chin sinks (chin_drop() of io/sample_faces/features.h).
void draw_back(FaceCanvas& canvas, const FaceIdentity& face);  // hair behind the head, neck, shoulders
void draw_head(FaceCanvas& canvas, const FaceIdentity& face, double drop);
void draw_beard(FaceCanvas& canvas, const FaceIdentity& face, double drop);  // below the mouth that follows
void draw_front_hair(FaceCanvas& canvas, const FaceIdentity& face);
void draw_glasses(FaceCanvas& canvas, const FaceIdentity& face);

}  // namespace poster::faces

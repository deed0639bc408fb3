// The parts of a face that express something: eyes, brows, nose, folds and mouth, moved by action units.
// Drawn on top of the bare head (io/sample_faces/head.h), in the order below.
#pragma once

#include "io/sample_faces/canvas.h"
#include "io/sample_faces/parameters.h"

namespace poster::faces {

void draw_folds(FaceCanvas& canvas, const FaceIdentity& face, const ActionUnits& units);
void draw_nose(FaceCanvas& canvas, const FaceIdentity& face, const ActionUnits& units);
void draw_eyes(FaceCanvas& canvas, const FaceIdentity& face, const ActionUnits& units);
void draw_brows(FaceCanvas& canvas, const FaceIdentity& face, const ActionUnits& units);
void draw_mouth(FaceCanvas& canvas, const FaceIdentity& face, const ActionUnits& units);

// How far the chin sinks when the jaw drops, in face units.
double chin_drop(const ActionUnits& units);
// The lowest point an eye reaches when the face is at rest (y, in face units).
double eye_bottom(const FaceIdentity& face);
double eye_half_width(const FaceIdentity& face);

}  // namespace poster::faces

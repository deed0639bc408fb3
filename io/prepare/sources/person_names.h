// Files whose names seem to say who is in them.
#pragma once

#include "io/prepare/source_set.h"

namespace poster::prepare {

// Adds a note where no image's person is known and most files are called NAME_0001, with several images of one
// NAME, as in Labeled Faces in the Wild: without --person one of them may be on both sides of the split. Names
// that only number images (IMG_0001), or that say the label (happy_0001), are none.
void note_person_names(Collection& collection);

}  // namespace poster::prepare

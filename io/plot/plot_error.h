// What Cairo says, as an exception.
#pragma once

#include <cairo.h>

#include <string>

#include "engine/error.h"
#include "engine/out_of_memory.h"

namespace poster::io {

// Throws OutOfMemory, or poster::Error, "WHAT can't be drawn (Cairo's words); MEND".
inline void check_cairo(cairo_status_t status, const char* what, const std::string& mend) {
  if (status == CAIRO_STATUS_SUCCESS) return;
  if (status == CAIRO_STATUS_NO_MEMORY) throw OutOfMemory("drawing", what);
  throw Error(std::string(what) + " can't be drawn (" + cairo_status_to_string(status) + "); " + mend);
}

}  // namespace poster::io

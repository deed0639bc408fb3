// The letters of plots: DejaVu Sans from the file that the Debian package fonts-dejavu-core installs. Where
// it is there, fontconfig isn't asked, which reads dozens of settings that plots should not depend on, and
// crashes where memory runs out.
#pragma once

typedef struct _cairo_font_face cairo_font_face_t;

namespace poster::io {

// Stays for the life of the process. Null where there is no such file. Throws std::bad_alloc.
cairo_font_face_t* plot_font(bool bold);

}  // namespace poster::io

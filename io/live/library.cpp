// What io/video/live.cpp looks for.
#include "io/live/camera.h"
#include "io/live/window.h"

extern "C" {
[[gnu::visibility("default")]] extern const poster::io::LiveLibrary poster_live_library;
const poster::io::LiveLibrary poster_live_library = {poster::io::open_camera, poster::io::open_window};
}

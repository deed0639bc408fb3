// Whether a film's file ends where its container says that it does. For containers in which FFmpeg cannot tell a cut
// file from one that is over.
#pragma once

#include <string_view>

#include "io/format/input_file.h"

namespace poster::io {

// `container` is FFmpeg's name of it. True when the file is cut off: an Ogg file whose last page isn't marked as the
// last (RFC 3533), a Windows Media file shorter than its header says, an MPEG transport stream that ends within a
// packet. False for all else, also where a recording was never finished and so promises nothing.
bool is_cut_off(const InputFile& file, std::string_view container);

}  // namespace poster::io

// Whether a film's file ends where its container says that it does. For containers of which FFmpeg reads what
// is there without a word of what is missing.
#pragma once

#include <string_view>

#include "io/format/input_file.h"

namespace poster::io {

// `container` is FFmpeg's name of it. True when the file is cut off or torn: an Ogg file whose last page
// isn't marked as the last (RFC 3533), a Windows Media file shorter than its header says, an MPEG transport
// stream that ends within a packet, an MP4 or QuickTime file whose chain of boxes (ISO 14496-12) doesn't end
// with it. False for all else, also where a recording was never finished and so promises nothing.
bool is_torn(const InputFile& file, std::string_view container);

}  // namespace poster::io

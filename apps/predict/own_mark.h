// Images and films that poster_predict has drawn say so inside, so that a later run over a folder that
// holds them doesn't take them for images of people: PNG's text chunk "Software" (PNG specification, third
// edition, 11.3.3.2), AVI's ISFT, MP4's comment.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace poster {

inline constexpr const char* kOwnMark = "poster_predict";

// Puts the mark into a PNG file's bytes. Throws Error for what is none.
void mark_png(std::vector<std::uint8_t>& png);

// Whether a file is marked so; false for one that cannot be read.
bool is_marked_as_own(const std::string& path);

}  // namespace poster

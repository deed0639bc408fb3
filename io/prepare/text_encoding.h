// Text as data sets bring it: label files in UTF-8 with or without a byte order mark, UTF-16 or CP949 (what
// Korean Windows writes), and names in either Unicode normal form (macOS writes Hangul decomposed, NFD).
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "io/ascii.h"
#include "io/utf8.h"

namespace poster::prepare {

// The text as UTF-8 without a byte order mark. Bytes that are no UTF-8 are read as CP949. Throws
// poster::Error, prefixed by `name`, for what is neither.
std::string to_utf8(std::string_view bytes, const std::string& name);

// Normal form C (Unicode Standard Annex #15): two spellings of a name become equal bytes. What isn't UTF-8 is
// returned as it is.
std::string nfc(std::string_view text);

// A name from a disk or an archive: to_utf8, then nfc; other bytes than those are kept as they are.
std::string clean_name(std::string_view bytes);

using io::is_utf8;
using io::lower;
using io::trim;

}  // namespace poster::prepare

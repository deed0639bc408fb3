// Text as data sets bring it: label files in UTF-8 with or without a byte order mark, UTF-16 or CP949 (what
// Korean Windows writes), and names in either Unicode normal form (macOS writes Hangul decomposed, NFD).
//
// Bytes of an 8-bit encoding don't say which one it is: "Ärger" in Latin-1 is valid CP949, with Hangul in it.
// So they are taken for CP949 only where the set is Korean or where they read as Hangul throughout: words of
// nothing but the 2350 syllables of KS X 1001. Everything else is asked for.
#pragma once

#include <string>
#include <string_view>

#include "io/format/ascii.h"
#include "io/format/utf8.h"

namespace poster::prepare {

// What bytes are that are no UTF-8.
struct TextRules {
  bool korean = false;        // the set comes from Korean Windows: CP949
  std::string encoding = {};  // --encoding: by iconv's names, "WINDOWS-1252"; empty: not said
};

// Throws poster::Error for an encoding that iconv doesn't know, or that isn't one of 8 bits over ASCII.
void check_encoding(const std::string& encoding);

// The text as UTF-8 without a byte order mark. Throws poster::Error, prefixed by `name`: bytes whose encoding
// isn't known, or that aren't text of it; zero bytes; UTF-32. `guessed` tells whether CP949 was guessed.
std::string to_utf8(std::string bytes, const std::string& name, const TextRules& rules = {},
                    bool* guessed = nullptr);

// Normal form C (Unicode Standard Annex #15): two spellings of a name become equal bytes. What isn't UTF-8 is
// returned as it is.
std::string nfc(std::string_view text);

// A name from a disk or an archive in normal form C, by the same rules; bytes of an unknown encoding are kept
// as they are.
std::string clean_name(std::string_view bytes, const TextRules& rules = {});

using io::is_utf8;
using io::lower;
using io::trim;

}  // namespace poster::prepare

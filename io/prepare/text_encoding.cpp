#include "io/prepare/text_encoding.h"

#include <iconv.h>
#include <utf8proc.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <memory>
#include <optional>

#include "engine/error.h"
#include "io/format/quoted_name.h"
#include "io/format/text.h"

namespace poster::prepare {
namespace {

class Converter {
 public:
  explicit Converter(const char* encoding) : converter_(iconv_open("UTF-8", encoding)) {}
  ~Converter() {
    if (known()) iconv_close(converter_);
  }
  Converter(const Converter&) = delete;
  Converter& operator=(const Converter&) = delete;
  bool known() const { return converter_ != reinterpret_cast<iconv_t>(-1); }

  // Nothing when the bytes aren't text of that encoding.
  std::optional<std::string> convert(std::string_view bytes) const {
    std::string text;
    std::array<char, 1 << 16> piece = {};
    char* in = const_cast<char*>(bytes.data());
    for (std::size_t in_left = bytes.size(); in_left > 0;) {
      char* out = piece.data();
      std::size_t out_left = piece.size();
      const bool done = iconv(converter_, &in, &in_left, &out, &out_left) != static_cast<std::size_t>(-1);
      if (!done && errno != E2BIG) return std::nullopt;
      text.append(piece.data(), piece.size() - out_left);
    }
    return text;
  }

 private:
  iconv_t converter_;
};

std::optional<std::string> convert(std::string_view bytes, const char* encoding) {
  const Converter converter(encoding);
  return converter.known() ? converter.convert(bytes) : std::nullopt;
}

// Whether each word that isn't ASCII is made of Hangul syllables of KS X 1001 alone, digits aside: lead bytes
// 0xB0 to 0xC8, second bytes from 0xA1.
bool reads_as_hangul(std::string_view bytes) {
  bool latin = false, hangul = false;  // of this word
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const auto byte = static_cast<unsigned char>(bytes[i]);
    if (byte < 0x80) {
      const unsigned letter = byte | 0x20u;
      if (letter >= 'a' && letter <= 'z')
        latin = true;
      else if (byte < '0' || byte > '9')
        latin = hangul = false;
    } else {
      const auto second = i + 1 < bytes.size() ? static_cast<unsigned char>(bytes[++i]) : 0u;
      if (byte < 0xB0 || byte > 0xC8 || second < 0xA1 || second == 0xFF) return false;
      hangul = true;
    }
    if (latin && hangul) return false;
  }
  return true;
}

}  // namespace

void check_encoding(const std::string& encoding) {
  if (encoding.empty()) return;
  const Converter converter(encoding.c_str());
  constexpr std::string_view kAscii = "AZaz09 ,;:/.\\\n";
  const auto ascii = converter.known() ? converter.convert(kAscii) : std::nullopt;
  // Shift-JIS has a yen sign for the backslash; that is no reason to refuse it.
  if (!ascii || ascii->substr(0, 10) != kAscii.substr(0, 10))
    throw Error("--encoding: " + io::quoted_name(encoding) +
                " isn't an encoding that label files have; "
                "give one as iconv -l lists them, for example WINDOWS-1252, CP949, SHIFT_JIS or GB18030");
}

std::string to_utf8(std::string bytes, const std::string& name, const TextRules& rules, bool* guessed) {
  if (guessed) *guessed = false;
  const io::TextEncoding encoding = io::text_encoding(bytes);
  const bool little = encoding == io::TextEncoding::utf16_le;
  if (little || encoding == io::TextEncoding::utf16_be) {
    // Excel's "Unicode text". The mark becomes one of UTF-8.
    if (const auto text = convert(bytes, little ? "UTF-16LE" : "UTF-16BE"))
      if (text->find('\0') == std::string::npos) return std::string(io::without_byte_order_mark(*text));
    throw Error(name + ": damaged UTF-16 text; save it as UTF-8");
  }
  if (encoding != io::TextEncoding::other) {
    const std::size_t mark = bytes.size() - io::utf8_text(bytes, name).size();
    bytes.erase(0, mark);
    return bytes;
  }
  if (!rules.encoding.empty()) {
    if (const auto text = convert(bytes, rules.encoding.c_str())) return *text;
    throw Error(name + ": the text is neither UTF-8 nor " + rules.encoding +
                "; give its encoding with --encoding, or save it as UTF-8");
  }
  if (rules.korean || reads_as_hangul(bytes)) {
    if (guessed) *guessed = !rules.korean;
    if (const auto text = convert(bytes, "CP949")) return *text;
  }
  throw Error(
      name +
      ": text in an unknown encoding, no UTF-8; "
      "save it as UTF-8, or give its encoding with --encoding, for example WINDOWS-1252 (western Europe) or CP949 (Korea)");
}

std::string nfc(std::string_view text) {
  utf8proc_uint8_t* result = nullptr;
  const utf8proc_ssize_t size = utf8proc_map(
      reinterpret_cast<const utf8proc_uint8_t*>(text.data()), static_cast<utf8proc_ssize_t>(text.size()),
      &result, static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE));
  const std::unique_ptr<utf8proc_uint8_t, decltype(&std::free)> owner(result, &std::free);
  if (size < 0) return std::string(text);
  return {reinterpret_cast<const char*>(result), static_cast<std::size_t>(size)};
}

std::string clean_name(std::string_view bytes, const TextRules& rules) {
  if (is_utf8(bytes)) return nfc(bytes);
  std::optional<std::string> text;
  if (!rules.encoding.empty())
    text = convert(bytes, rules.encoding.c_str());
  else if (rules.korean || reads_as_hangul(bytes))
    text = convert(bytes, "CP949");
  return text ? nfc(*text) : std::string(bytes);
}

}  // namespace poster::prepare

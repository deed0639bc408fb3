#include "io/prepare/text_encoding.h"

#include <iconv.h>
#include <utf8proc.h>

#include <cctype>
#include <cstdlib>
#include <memory>

#include "engine/error.h"

namespace poster::prepare {
namespace {

// False when the bytes aren't text of that encoding.
bool convert(std::string_view bytes, const char* encoding, std::string& utf8) {
  const iconv_t converter = iconv_open("UTF-8", encoding);
  if (converter == reinterpret_cast<iconv_t>(-1)) return false;
  utf8.assign(bytes.size() * 3 + 16, '\0');  // no character of these encodings grows more
  char* in = const_cast<char*>(bytes.data());
  char* out = utf8.data();
  std::size_t in_left = bytes.size(), out_left = utf8.size();
  const bool done = iconv(converter, &in, &in_left, &out, &out_left) != static_cast<std::size_t>(-1);
  iconv_close(converter);
  utf8.resize(utf8.size() - out_left);
  return done && in_left == 0;
}

}  // namespace

std::string to_utf8(std::string_view bytes, const std::string& name) {
  std::string text;
  if (bytes.starts_with("\xEF\xBB\xBF")) bytes.remove_prefix(3);
  if (bytes.starts_with("\xFF\xFE") || bytes.starts_with("\xFE\xFF")) {
    if (convert(bytes, "UTF-16", text)) return text;
  } else if (is_utf8(bytes)) {
    return std::string(bytes);
  } else if (convert(bytes, "CP949", text)) {
    return text;
  }
  throw Error(name + ": text in an unknown encoding; save it as UTF-8");
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

std::string clean_name(std::string_view bytes) {
  std::string text;
  if (is_utf8(bytes)) return nfc(bytes);
  return convert(bytes, "CP949", text) ? nfc(text) : std::string(bytes);
}

}  // namespace poster::prepare

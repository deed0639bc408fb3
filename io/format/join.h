// Lists in messages.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace poster::io {

// One more part of a list: "a, b".
inline void add_part(std::string& list, std::string_view part, std::string_view separator = ", ") {
  if (!list.empty()) list += separator;
  list += part;
}

// "a, b, c"; `text_of` gives the text of each element.
template <typename List, typename TextOf>
std::string join(const List& list, std::string_view separator, TextOf text_of) {
  std::string text;
  bool first = true;
  for (const auto& each : list) {
    if (!first) text += separator;
    first = false;
    text += text_of(each);
  }
  return text;
}
template <typename List>
std::string join(const List& list, std::string_view separator = ", ") {
  return join(list, separator, [](const auto& each) { return std::string(each); });
}

// "a, b or c".
template <typename List>
std::string join_alternatives(const List& list) {
  std::size_t left = std::size(list);
  std::string text;
  for (const auto& each : list) {
    text += each;
    if (--left > 0) text += left == 1 ? " or " : ", ";
  }
  return text;
}

// The first `count` elements, or all.
template <typename List>
auto first_of(const List& list, std::size_t count) {
  return std::span(list).first(count < std::size(list) ? count : std::size(list));
}

}  // namespace poster::io

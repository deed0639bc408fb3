#include <utility>

#include "io/prepare/item.h"
#include "io/prepare/text_encoding.h"

namespace poster::prepare {
namespace {

constexpr std::pair<std::string_view, Split> kWords[] = {
    {"train", Split::train},      {"training", Split::train},   {"trainset", Split::train},
    {"valid", Split::valid},      {"val", Split::valid},        {"validation", Split::valid},
    {"dev", Split::valid},        {"validset", Split::valid},   {"valset", Split::valid},
    {"publictest", Split::valid}, {"test", Split::test},        {"testing", Split::test},
    {"testset", Split::test},     {"privatetest", Split::test},
};

std::optional<Split> split_of_word(std::string_view word) {
  for (const auto& [known, split] : kWords)
    if (word == known) return split;
  return std::nullopt;
}

// Bytes beyond ASCII belong to letters: "prétrain" is one word.
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || static_cast<unsigned char>(c) >= 0x80; }

}  // namespace

std::optional<Split> split_by_name(const std::string& name) {
  const std::string text = lower(trim(name));
  constexpr std::string_view kSet = "_set";
  return split_of_word(text.ends_with(kSet) ? text.substr(0, text.size() - kSet.size()) : text);
}

std::optional<Split> split_by_word(const std::string& name) {
  if (const auto whole = split_by_name(name)) return whole;
  const std::string text = lower(name);
  std::optional<Split> found;
  for (std::size_t at = 0; at < text.size();) {
    std::size_t end = at;
    while (end < text.size() && is_letter(text[end])) ++end;
    if (const auto split = split_of_word(std::string_view(text).substr(at, end - at))) {
      if (found && *found != *split) return std::nullopt;  // "train_and_test"
      found = split;
    }
    at = end + 1;
  }
  return found;
}

std::optional<Split> split_by_path(const std::string& path) {
  const std::vector<std::string> parts = parts_of(path);
  for (auto part = parts.rbegin(); part != parts.rend(); ++part)
    if (const auto split = split_by_word(*part)) return split;
  return std::nullopt;
}

}  // namespace poster::prepare

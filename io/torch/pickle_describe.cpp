#include <cstdio>
#include <nlohmann/json.hpp>

#include "io/torch/pickle_value.h"

namespace poster::io {
namespace {

// Every step adds a character, and nothing is added beyond the limit: so values that hold themselves, or
// that hold the same large value often, end too.
class Printer {
 public:
  explicit Printer(std::size_t most) : most_(most) {}

  void print(const PickleValue& value, int depth) {
    if (full()) return;
    if (depth > kDeepest) return add("...");
    switch (value.kind()) {
      case PickleKind::none:
        return add("None");
      case PickleKind::boolean:
        return add(value.as_boolean() ? "True" : "False");
      case PickleKind::integer:
        return add(std::to_string(value.as_integer()));
      case PickleKind::big_integer:
        return add("<big integer>");
      case PickleKind::floating:
        return print_number(value.as_number());
      case PickleKind::text:
        return print_text(value.text());
      case PickleKind::bytes:
        return add("<" + std::to_string(value.text().size()) + " bytes>");
      case PickleKind::list:
        return print_items(value, "[", "]", depth);
      case PickleKind::tuple:
        return print_items(value, "(", value.size() == 1 ? ",)" : ")", depth);
      case PickleKind::set:
        return print_items(value, "{", "}", depth);
      case PickleKind::dict:
        return print_entries(value, depth);
      case PickleKind::global:
        return print_name(value.text());
      case PickleKind::object:
        return print_object(value, depth);
      case PickleKind::tensor:
        return add("<tensor " + std::to_string(value.index()) + ">");
      case PickleKind::storage:
        return add("<storage " + std::to_string(value.index()) + ">");
    }
  }

  std::string take() {
    if (!full()) return std::move(text_);
    std::size_t end = most_;
    while (end > 0 && (text_[end] & 0xC0) == 0x80) --end;  // not within a character of several bytes
    return text_.substr(0, end) + "...";
  }

 private:
  static constexpr int kDeepest = 6;

  bool full() const { return text_.size() > most_; }
  void add(std::string_view more) {
    if (!full()) text_ += more;
  }

  // Control characters escaped, and a character that was cut in two replaced.
  static std::string json_text(std::string_view text) {
    using nlohmann::json;
    const std::string quoted = json(text).dump(-1, ' ', false, json::error_handler_t::replace);
    return quoted.substr(1, quoted.size() - 2);
  }
  void print_text(std::string_view text) { add("'" + json_text(text.substr(0, most_)) + "'"); }
  void print_name(std::string_view name) { add(json_text(name.substr(0, most_))); }
  void print_number(double number) {
    char digits[32];
    std::snprintf(digits, sizeof digits, "%.9g", number);
    add(digits);
  }
  void print_items(const PickleValue& value, const char* open, const char* close, int depth) {
    add(open);
    for (std::size_t i = 0; i < value.size() && !full(); ++i) {
      if (i > 0) add(", ");
      print(value[i], depth + 1);
    }
    add(close);
  }
  void print_entries(const PickleValue& value, int depth) {
    add("{");
    for (std::size_t i = 0; i < value.entry_count() && !full(); ++i) {
      if (i > 0) add(", ");
      print(value.key(i), depth + 1);
      add(": ");
      print(value.value(i), depth + 1);
    }
    add("}");
  }
  void print_object(const PickleValue& value, int depth) {
    print_name(value.text());
    print(value.arguments(), depth + 1);
    if (!value.state().is_none()) {
      add(" with ");
      print(value.state(), depth + 1);
    }
  }

  std::size_t most_;
  std::string text_;
};

}  // namespace

std::string describe(const PickleValue& value, std::size_t most_characters) {
  Printer printer(most_characters);
  printer.print(value, 0);
  return printer.take();
}

}  // namespace poster::io

#include <utility>

#include "io/prepare/item.h"
#include "io/prepare/text_encoding.h"

namespace poster::prepare {

std::optional<Split> split_by_name(const std::string& name) {
  static constexpr std::pair<std::string_view, Split> names[] = {
      {"train", Split::train},
      {"training", Split::train},
      {"train_set", Split::train},
      {"training_set", Split::train},
      {"valid", Split::valid},
      {"val", Split::valid},
      {"validation", Split::valid},
      {"dev", Split::valid},
      {"valid_set", Split::valid},
      {"val_set", Split::valid},
      {"validation_set", Split::valid},
      {"publictest", Split::valid},
      {"test", Split::test},
      {"testing", Split::test},
      {"test_set", Split::test},
      {"testing_set", Split::test},
      {"privatetest", Split::test},
  };
  const std::string text = lower(trim(name));
  for (const auto& [known, split] : names)
    if (text == known) return split;
  return std::nullopt;
}

}  // namespace poster::prepare

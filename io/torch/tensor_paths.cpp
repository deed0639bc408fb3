#include "io/torch/tensor_paths.h"

#include <algorithm>

namespace poster::io {
namespace {

constexpr std::size_t kMaxPathDepth = 64;
// One list can hang in many places; a hostile file makes of a few bytes a tree without end.
constexpr std::size_t kMaxNodes = 1'000'000;

class Walk {
 public:
  std::vector<std::pair<std::string, std::size_t>> take(const PickleValue& root) {
    visit(root, "");
    return std::move(paths_);
  }

 private:
  void visit(const PickleValue& value, const std::string& path) {
    if (++nodes_ > kMaxNodes) return;
    if (value.is(PickleKind::tensor)) {
      paths_.emplace_back(path.empty() ? "(root)" : path, value.index());
      return;
    }
    const bool holds_itself = std::any_of(above_.begin(), above_.end(),
                                          [&](const PickleValue& above) { return above.same_as(value); });
    if (above_.size() == kMaxPathDepth || holds_itself) return;
    above_.push_back(value);
    const auto below = [&](const std::string& key) { return path.empty() ? key : path + "." + key; };
    for (std::size_t i = 0; i < value.size(); ++i) visit(value[i], below(std::to_string(i)));
    for (std::size_t i = 0; i < value.entry_count(); ++i) {
      const PickleValue key = value.key(i);
      visit(value.value(i), below(key.is(PickleKind::text) ? std::string(key.as_text()) : describe(key, 40)));
    }
    if (value.is(PickleKind::object)) {
      visit(value.arguments(), below("arguments"));
      visit(value.state(), path);
    }
    above_.pop_back();
  }

  std::vector<PickleValue> above_;
  std::vector<std::pair<std::string, std::size_t>> paths_;
  std::size_t nodes_ = 0;
};

}  // namespace

std::vector<std::pair<std::string, std::size_t>> tensor_paths(const TorchFile& file) {
  return Walk().take(file.root());
}

}  // namespace poster::io

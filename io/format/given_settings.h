// Settings that somebody has given, such as on a command line, and what to.
#pragma once

#include <map>
#include <optional>
#include <stdexcept>
#include <type_traits>

#include "io/format/setting.h"

namespace poster::io {

// The row of the member that the pointers lead to.
template <typename S, typename... Path>
const Setting<S>& setting_of(Path... path) {
  static const S sample{};
  for (const Setting<S>& row : S::table())
    if (row.address(sample) == &member_at(sample, path...)) return row;
  throw std::logic_error("a member that is no setting");
}

// Of an S. A member is named by pointers: get(&Settings::seed), get(&Settings::recipe, &Recipe::rho).
template <typename S>
class GivenSettings {
 public:
  using Values = std::map<const Setting<S>*, SettingValue>;  // in the order of the table

  void set_value(const Setting<S>& row, const SettingValue& value) { values_[&row] = value; }
  template <typename T, typename... Path>
  void set(const T& value, Path... path) {
    S with{};
    member_at(with, path...) = value;
    const Setting<S>& row = setting_of<S>(path...);
    values_[&row] = row.get(with);
  }
  template <typename... Path>
  auto get(Path... path) const {
    std::optional<std::remove_cvref_t<decltype(member_at(std::declval<S&>(), path...))>> value;
    const Setting<S>& row = setting_of<S>(path...);
    if (const auto found = values_.find(&row); found != values_.end()) {
      S with{};
      row.set(with, found->second);
      value = member_at(with, path...);
    }
    return value;
  }
  template <typename... Path>
  bool has(Path... path) const {
    return values_.contains(&setting_of<S>(path...));
  }
  template <typename... Path>
  void forget(Path... path) {
    values_.erase(&setting_of<S>(path...));
  }

  bool empty() const { return values_.empty(); }
  const Values& values() const { return values_; }
  // Throws Error for a name that means nothing.
  void apply_to(S& s) const {
    for (const auto& [row, value] : values_) row->set(s, value);
  }

 private:
  Values values_;
};

}  // namespace poster::io

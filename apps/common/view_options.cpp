#include "apps/common/view_options.h"

#include <CLI/CLI.hpp>

#include "apps/common/setting_flags.h"
#include "engine/error.h"
#include "io/format/join.h"

namespace poster {
namespace {

using io::View;
using io::ViewOptions;
using Row = io::Setting<ViewOptions>;

const Row& margin() { return io::setting_of<ViewOptions>(&ViewOptions::margin); }
const Row& detector() { return io::setting_of<ViewOptions>(&ViewOptions::detector); }

// `otherwise`: what there is without the flag.
void add_row(CLI::App& app, const Row& row, GivenView& given, const std::string& otherwise = "") {
  io::SettingInfo info = row;
  if (!otherwise.empty()) info.help += " (default: " + otherwise + ")";
  add_setting_flag(app, info, row.usual, [&](const io::SettingValue& value) { given.set_value(row, value); });
}

std::string views_with_use_for(const Row& row) {
  std::vector<std::string> names;
  for (const View view : {View::full, View::lower, View::headset})
    if (row.is_used({.view = view})) names.push_back(io::view_name(view));
  return io::join_alternatives(names);
}

}  // namespace

void add_view_flags(CLI::App& app, GivenView& given, const std::string& otherwise) {
  for (const Row& row : ViewOptions::table())
    if (!row.flag.empty() && &row != &margin() && &row != &detector())
      add_row(app, row, given, row.key == "view" ? otherwise : "");
}

void add_view_place_flags(CLI::App& app, GivenView& given, const std::string& otherwise) {
  add_row(app, margin(), given, otherwise);
  add_row(app, detector(), given);
}

ViewOptions resolve_view(const GivenView& given, const ViewOptions& base) {
  ViewOptions v = base;
  if (const auto view = given.get(&ViewOptions::view); view && *view != base.view) {
    v = {.view = *view};
    if (v.view != View::full) {
      v.detector = base.detector;
      v.margin = base.margin;
    }
  }
  for (const auto& [row, value] : given.values()) {
    if (!row->is_used(v))
      throw Error(row->flag + " has no effect on --view " + io::view_name(v.view) + "; give --view " +
                  views_with_use_for(*row) + ", or leave it out");
    row->set(v, value);
  }
  if (given.has(&ViewOptions::headset_colour) && !v.headset_texture.empty())
    throw Error("--headset-colour: there is a texture, " + v.headset_texture +
                "; give one of the two, or --headset-texture \"\"");
  if (v.headset_texture.empty())
    v.headset_texture_checksum.clear();
  else if (given.has(&ViewOptions::headset_texture))
    v.headset_texture_checksum = io::texture_checksum(v.headset_texture);
  check_view(v, "--view");
  return v;
}

}  // namespace poster

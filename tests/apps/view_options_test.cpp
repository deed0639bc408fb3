#include "apps/common/view_options.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "io/settings/settings.h"

namespace poster {
namespace {

using io::View;
using io::ViewOptions;
using json = nlohmann::ordered_json;

ViewOptions lower() {
  ViewOptions view;
  view.view = View::lower;
  view.eye_line = 0.47;
  view.margin = 0.2;
  view.detector = "cascade";
  return view;
}

ViewOptions headset() {
  ViewOptions view;
  view.view = View::headset;
  view.margin = 0.1;
  view.headset_width = 2;
  view.headset_height = 0.5;
  view.headset_rotation = -3;
  view.headset_colour = {1, 2, 3};
  view.headset_texture = "a.png";
  view.headset_texture_checksum = "00ff";
  view.headset_mix = 0.25;
  view.seed = ~std::uint64_t{0};
  return view;
}

TEST(ViewOptionsJson, KeepsEverySettingOfEachView) {
  for (const ViewOptions& view : {ViewOptions{}, lower(), headset()}) {
    Settings settings;
    settings.view = view;
    EXPECT_TRUE(settings_from_json(json::parse(to_json(settings).dump())).view == view) << describe(view);
  }
  EXPECT_EQ(to_json(ViewOptions{}), json({{"view", "full"}}));
}

TEST(ViewOptionsJson, RunsFromBeforeThereWereViewsSawFullFaces) {
  json old = to_json(Settings{});
  old.erase("view");
  EXPECT_TRUE(settings_from_json(old).view == ViewOptions{});
}

TEST(ResolveView, AnotherViewKeepsWhereTheFaceIs) {
  GivenView flags;
  EXPECT_TRUE(resolve_view(flags, lower()) == lower());
  flags.set(View::headset, &ViewOptions::view);
  const ViewOptions view = resolve_view(flags, lower());
  EXPECT_EQ(view.view, View::headset);
  EXPECT_EQ(view.margin, 0.2);
  EXPECT_EQ(view.detector, "cascade");
  EXPECT_EQ(view.eye_line, ViewOptions{}.eye_line);
  flags.set(View::full, &ViewOptions::view);
  EXPECT_TRUE(resolve_view(flags, headset()) == ViewOptions{});
  flags.set(View::lower, &ViewOptions::view);
  flags.set(0.6, &ViewOptions::eye_line);
  EXPECT_EQ(resolve_view(flags, lower()).eye_line, 0.6);
}

TEST(SameView, ATextureMayLieElsewhere) {
  ViewOptions moved = headset(), changed = headset(), wider = headset();
  moved.headset_texture = "b.png";
  changed.headset_texture_checksum = "00fe";
  wider.headset_width = 3;
  EXPECT_TRUE(same_view(headset(), moved));
  EXPECT_FALSE(same_view(headset(), changed));
  EXPECT_FALSE(same_view(headset(), wider));
  EXPECT_FALSE(same_view(headset(), lower()));
}

}  // namespace
}  // namespace poster

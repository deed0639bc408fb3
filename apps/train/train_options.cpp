#include "apps/train/train_options.h"

#include <cstdlib>

#include "apps/common/view_options.h"
#include "engine/error.h"
#include "io/format/join.h"
#include "io/format/quoted_name.h"
#include "io/format/setting_record.h"
#include "io/format/utf8.h"
#include "model/network.h"

namespace poster {
namespace {

// A recipe's learning rate and batch size are the full networks'.
void prefer_models_values(Settings& settings) {
  const ModelInfo& info = model_info(settings.model);
  if (info.learning_rate > 0) settings.recipe.learning_rate = info.learning_rate;
  if (info.batch_size > 0) settings.recipe.batch_size = info.batch_size;
}

// What the checkpoint decides, and nobody else.
void check_against(const Settings& base, const Settings& s, const TrainOptions& o) {
  if (s.model != base.model)
    throw Error("--model " + s.model + ": the checkpoint holds a " + base.model +
                "; leave --model out, or give another checkpoint");
  const bool evaluates = !o.evaluate.empty();
  if (s.classes != base.classes && !(o.rename_classes && evaluates))
    throw Error("--classes: the checkpoint was trained on " + io::join(base.classes) + ", not on " +
                io::join(s.classes) + "; leave --classes out" +
                (evaluates ? ", or insist on other names (--rename-classes)" : ""));
  if (!evaluates && !same_view(s.view, base.view))
    throw Error("--view: the checkpoint was trained with the view \"" + describe(base.view) +
                "\", not with \"" + describe(s.view) + "\"; leave these options out, or train anew");
}

void check(const Settings& s) {
  if (s.data.empty()) throw Error("--data: give the folder with train/, valid/ and test/");
  if (!io::is_utf8(s.data))
    throw Error("--data " + io::quoted_name(s.data) +
                ": checkpoints keep the path, and it is not UTF-8; rename the folder");
  io::check_settings(s);
}

}  // namespace

void choose_gpu(const std::string& gpu) {
  if (gpu.empty()) return;
  setenv("CUDA_DEVICE_ORDER", "PCI_BUS_ID", 0);  // else CUDA's own order, the fastest first
  setenv("CUDA_VISIBLE_DEVICES", gpu.c_str(), 1);
}

Settings resolve_settings(const TrainOptions& o, const Settings* base) {
  Settings s = base ? *base : Settings{};
  if (const auto model = o.given.get(&Settings::model)) s.model = *model;
  const auto recipe = o.given.get(&Settings::recipe, &io::Recipe::name);
  // A run that goes on keeps its recipe as it stands: its name alone changes nothing.
  const bool new_recipe = !base || (recipe && *recipe != base->recipe.name);
  if (new_recipe) {
    s.recipe = io::recipe_by_name(recipe.value_or(model_info(s.model).recipe));
    prefer_models_values(s);
  }
  o.given.apply_to(s);
  s.view = resolve_view(o.view, s.view);
  // The lower part of a face is twice as wide as high: keeping its ratio would cut the corners of the mouth
  // off.
  if (new_recipe && s.view.view == io::View::lower && !o.given.has(&Settings::recipe, &io::Recipe::resize))
    s.recipe.resize = io::ResizeMode::stretch;
  if (base) check_against(*base, s, o);
  if (o.rename_classes && (o.evaluate.empty() || !o.given.has(&Settings::classes)))
    throw Error("--rename-classes: has an effect on --evaluate with --classes alone; leave it out");
  check(s);
  return s;
}

}  // namespace poster

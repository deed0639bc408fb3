// The settings of a run, in the order of its record; those of its recipe and its view stand beside these.
#include <nlohmann/json.hpp>

#include "io/format/join.h"
#include "io/format/json.h"
#include "io/settings/settings.h"
#include "model/network.h"

namespace poster {
namespace {

using io::named_setting;
using io::OnResume;
using io::setting;

// Generations of records: what came with each.
constexpr int kWithView = 2, kWithPrecision = 3, kWithFreeze = 4, kWithPreparation = 5;

constexpr const char* kReference = "Flags of the reference";

io::Setting<Settings> preparation() {
  using S = Settings;
  return {{.key = "preparation",
           .on_resume = OnResume::record,
           .since = kWithPreparation,
           .written_if_set = true},
          [](const S& s) -> io::SettingValue {
            return io::NestedRecord{s.preparation ? io::to_json(*s.preparation).dump() : ""};
          },
          [](S& s, const io::SettingValue& value) {
            s.preparation = io::preparation_from_json(io::parse_json<nlohmann::ordered_json>(
                std::get<io::NestedRecord>(value).json, "preparation"));
          },
          [](const S& s) -> const void* { return &s.preparation; },
          {},
          io::NestedRecord{}};
}

io::SettingTable<Settings> make_table() {
  using S = Settings;
  io::SettingTable<S> table = {
      setting(&S::data, {.key = "data",
                         .flag = "--data",
                         .group = kReference,
                         .help = "DIR with train/CLASS/, valid/CLASS/ and test/CLASS/ full of images",
                         .on_resume = OnResume::said,
                         .always_told = true,
                         .no_study = "name a place of the study's as the experiment's \"data\""}),
      setting(&S::model,
              {.key = "model",
               .flag = "--model",
               .help = "one of " + io::join(models(), ", ", [](const ModelInfo& info) { return info.name; }) +
                       " (default: poster-v2)",
               .on_resume = OnResume::refused,
               .always_told = true}),
  };
  io::add_settings_of(&S::recipe, "recipe/", io::Recipe::table(), 1, table);
  io::add_settings_of(&S::view, "view/", io::ViewOptions::table(), kWithView, table);
  io::SettingTable<S> more = {
      setting(&S::weight_decay,
              {.key = "weight_decay",
               .flag = "--wd",
               .group = kReference,
               .help = "weight decay, default 0. The reference accepts this flag and drops it; here it works",
               .range = {.low = 0}}),
      setting(&S::momentum, {.key = "momentum",
                             .flag = "--momentum",
                             .group = kReference,
                             .help = "momentum of sgd, default 0. The reference drops it too; here it works",
                             .range = {.low = 0}}),
      setting(&S::seed, {.key = "seed",
                         .flag = "--seed",
                         .help = "the same seed gives the same bits (default: 0)",
                         .range = {.low = 0, .high = 18446744073709551615.0},
                         .always_told = true,
                         .no_study = "give \"seeds\""}),
      named_setting(
          &S::freeze, freeze_name, freeze_by_name,
          {.key = "freeze",
           .flag = "--freeze",
           .group = "Weights",
           .help = "what keeps its weights: landmarks, ir50, landmarks,ir50 or none (default: landmarks)",
           .since = kWithFreeze}),
      named_setting(
          &S::precision, precision_name, precision_by_name,
          {.key = "precision",
           .flag = "--precision",
           .help =
               "fp32; on a CUDA device also tf32 (products of floats with 11 significant bits) and fp16 (16-bit maps, float master weights, loss scaling) (default: fp32)",
           .choices = {"fp32", "tf32", "fp16"},
           .on_resume = OnResume::recorded,
           .since = kWithPrecision}),
      setting(
          &S::split,
          {.key = "split",
           .flag = "--split",
           .help =
               "split to evaluate: each epoch in training (default: valid), or with --evaluate (default: test)",
           .choices = {"valid", "test", "train"},
           .no_study = "the epoch is chosen on valid alone"}),
      setting(&S::drop_last, {.key = "drop_last",
                              .flag = "--drop-last",
                              .help = "leave out a last batch of a single image",
                              .on_resume = OnResume::recorded,
                              .is_switch = true}),
      setting(&S::skip_bad,
              {.key = "skip_bad",
               .flag = "--skip-bad",
               .help = "pass over this many unreadable images, with a line in the log (default: 0)",
               .range = {.low = 0, .high = io::kMaxImages},
               .on_resume = OnResume::said}),
      setting(&S::classes,
              {.key = "classes",
               .flag = "--classes",
               .help = "class names in label order, separated by commas (default: the sorted folders)",
               .on_resume = OnResume::refused}),
      setting(&S::initial_weights,
              {.key = "initial_weights", .on_resume = OnResume::record, .since = kWithFreeze}),
      setting(
          &S::flat_folders,
          {.key = "flat_folders",
           .flag = "--flat-folders",
           .help =
               "leave out folders within class folders, and .ppm, .pgm and .jfif, as earlier versions did: to go on with a run that was begun so",
           .since = kWithPreparation,
           .is_switch = true,
           .written_if_set = true}),
      preparation(),
      setting(&S::changes, {.key = "changes",
                            .on_resume = OnResume::record,
                            .since = kWithPreparation,
                            .written_if_set = true}),
  };
  for (io::Setting<S>& row : more) table.push_back(std::move(row));
  for (io::Setting<S>& row : table)
    if (row.group.empty()) row.group = "Run";
  return table;
}

}  // namespace

const io::SettingTable<Settings>& Settings::table() {
  static const io::SettingTable<Settings> table = make_table();
  return table;
}

}  // namespace poster

// poster_train's flags: those of settings and its own options, one after the other as people are told them.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <string_view>

#include "apps/common/setting_flags.h"
#include "apps/common/view_options.h"
#include "apps/train/train_options.h"

namespace poster {
namespace {

// The order within a group of --help and on a run's command line. What isn't here follows.
constexpr std::string_view kOrder[] = {"--data",
                                       "--pretrained-dir",
                                       "--ir50",
                                       "--landmarks",
                                       "--weights",
                                       "--new-head",
                                       "--allow-partial",
                                       "--ignore-unsafe",
                                       "--model",
                                       "--recipe",
                                       "--epochs",
                                       "--batch-size",
                                       "--lr",
                                       "--optimizer",
                                       "--wd",
                                       "--momentum",
                                       "--resume",
                                       "--allow-changes",
                                       "--evaluate",
                                       "--checkpoint_path",
                                       "--best_checkpoint_path",
                                       "--beta",
                                       "--start-epoch",
                                       "--workers",
                                       "--print-freq",
                                       "--gpu",
                                       "--gamma",
                                       "--rho",
                                       "--resize",
                                       "--freeze",
                                       "--out",
                                       "--keep",
                                       "--tensorboard",
                                       "--classes",
                                       "--rename-classes",
                                       "--split",
                                       "--seed",
                                       "--device",
                                       "--precision",
                                       "--dry-run",
                                       "--threads",
                                       "--cache-mib",
                                       "--skip-bad",
                                       "--flat-folders",
                                       "--drop-last"};

struct Flag {
  const io::SettingInfo* info;
  std::function<void(CLI::App&, TrainOptions&)> add;
};

std::vector<Flag> make_flags() {
  std::vector<Flag> flags;
  for (const io::Setting<Settings>& row : Settings::table())
    if (!row.flag.empty() && !is_of_view(row))
      flags.push_back(
          {&row, [&row](CLI::App& app, TrainOptions& o) { add_setting_flag(app, row, o.given); }});
  for (const io::Setting<TrainOptions>& row : TrainOptions::table())
    flags.push_back({&row, [&row](CLI::App& app, TrainOptions& o) { add_option_flag(app, row, o); }});
  std::stable_sort(flags.begin(), flags.end(),
                   [](const Flag& a, const Flag& b) { return flag_rank(*a.info) < flag_rank(*b.info); });
  return flags;
}

const std::vector<Flag>& flags() {
  static const std::vector<Flag> list = make_flags();
  return list;
}

}  // namespace

bool is_of_view(const io::SettingInfo& setting) { return setting.key.starts_with("view/"); }

std::ptrdiff_t flag_rank(const io::SettingInfo& setting) {
  return std::find(std::begin(kOrder), std::end(kOrder), setting.flag) - std::begin(kOrder);
}

void add_train_options(CLI::App& app, TrainOptions& options) {
  app.get_formatter()->column_width(32);
  app.option_defaults()->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);  // as argparse does
  for (const Flag& flag : flags()) flag.add(app, options);
  add_view_flags(app, options.view, "the checkpoint's, else as prepared, else full");
  add_view_place_flags(app, options.view, "as prepared, else 0");
}

const std::vector<const io::SettingInfo*>& train_flags() {
  static const std::vector<const io::SettingInfo*> list = [] {
    std::vector<const io::SettingInfo*> infos;
    for (const Flag& flag : flags()) infos.push_back(flag.info);
    for (const auto& row : io::ViewOptions::table())
      if (!row.flag.empty()) infos.push_back(&row);
    return infos;
  }();
  return list;
}

const io::SettingInfo* train_flag(const std::string& flag) {
  const auto& list = train_flags();
  const auto found =
      std::find_if(list.begin(), list.end(), [&](const auto* info) { return info->flag == flag; });
  return found == list.end() ? nullptr : *found;
}

}  // namespace poster

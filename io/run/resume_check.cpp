#include "io/run/resume_check.h"

#include <nlohmann/json.hpp>
#include <optional>

#include "engine/error.h"
#include "io/format/join.h"
#include "io/format/json.h"
#include "io/settings/setting_changes.h"

namespace poster {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kListedChanges = 5;

std::string joined(const std::vector<std::string>& texts) {
  const std::size_t listed = std::min(texts.size(), kListedChanges);
  return io::join(io::first_of(texts, listed)) +
         (listed < texts.size() ? ", and " + std::to_string(texts.size() - listed) + " more" : "");
}

// A file from elsewhere says nothing of settings, and where poster_checkpoint has converted it they are
// guesses: no run had them.
bool is_a_runs(const Checkpoint& checkpoint) {
  return checkpoint.settings() && !checkpoint.settings()->data.empty();
}

bool changes_order(const io::SettingInfo& setting) {
  return setting.key == "seed" || setting.key == "recipe/balanced_sampler";
}

// The listing of the training images as an earlier version wrote it beside its checkpoint.
std::optional<std::string> recorded_beside(const Checkpoint& checkpoint) {
  const fs::path path = checkpoint.path().parent_path() / "run.json";
  std::error_code ignored;
  if (!fs::exists(path, ignored)) return std::nullopt;
  try {
    return io::read_json<nlohmann::json>(path).at("train_listing_hash").get<std::string>();
  } catch (const std::exception&) {
    return std::nullopt;
  }
}

// The images by the rule of earlier versions; nothing where that finds a class empty.
std::optional<std::string> flat_listing(const Settings& settings, const std::string& split,
                                        const std::vector<std::string>& classes, std::int64_t& images) {
  try {
    const io::ImageFolder flat(settings.data, split, classes, io::FolderRule::flat);
    images = flat.size();
    return io::listing_text(flat.listing_hash());
  } catch (const Error&) {
    return std::nullopt;
  }
}

class DataCheck {
 public:
  DataCheck(const Checkpoint& checkpoint, const Settings& settings, bool allow_changes,
            ResumeChanges& changes)
      : checkpoint_(checkpoint), settings_(settings), allow_changes_(allow_changes), changes_(changes) {}

  void compare(const std::string& split, const io::ImageFolder& data, const std::string& recorded) {
    const std::string now = io::listing_text(data.listing_hash());
    if (now == recorded) return;
    other_images(data, "listing " + now + ", was " + recorded);
    mark(split);
  }

  // The checkpoint is an earlier version's.
  void compare_by_both_rules(const std::string& split, const io::ImageFolder& data,
                             const std::optional<std::string>& recorded) {
    const std::string now = io::listing_text(data.listing_hash());
    if (recorded == now || settings_.flat_folders) {
      if (recorded && recorded != now) compare(split, data, *recorded);
      return;
    }
    std::int64_t images = 0;
    const auto flat = flat_listing(settings_, split, data.classes(), images);
    if (flat == now) {
      if (recorded) compare(split, data, *recorded);
      return;
    }
    if (recorded && recorded != flat) return compare(split, data, *recorded);
    const std::string what =
        data.root() + " holds " + std::to_string(data.size()) + " images, of which " +
        (flat ? std::to_string(images) : "not all classes' any") +
        " were taken when this run began: since then folders within class folders, .ppm, .pgm and .jfif are taken too";
    if (!allow_changes_)
      throw Error(checkpoint_.path().string() + ": " + what +
                  "; --flat-folders goes on with those it had, --allow-changes with all");
    tell(what);
    mark(split);
  }

 private:
  void other_images(const io::ImageFolder& data, const std::string& listings) {
    const std::string what = data.root() + " holds other images than before (" + listings + ")";
    if (!allow_changes_)
      throw Error(
          checkpoint_.path().string() + ": " + what +
          "; give the data that it was trained on, start anew from its weights with --weights, or go on all the same with --allow-changes");
    tell(what);
  }
  void mark(const std::string& split) {
    changes_.other_order |= split == "train";
    changes_.other_valid |= split == settings_.split;
  }
  void tell(const std::string& what) {
    changes_.said.push_back(what);
    changes_.recorded.push_back(what);
  }

  const Checkpoint& checkpoint_;
  const Settings& settings_;
  const bool allow_changes_;
  ResumeChanges& changes_;
};

}  // namespace

void check_settings(const Checkpoint& checkpoint, const Settings& settings, bool allow_changes,
                    ResumeChanges& changes) {
  if (!is_a_runs(checkpoint)) return;
  std::vector<std::string> refused, insist;
  for (const SettingChange& change : changed_settings(*checkpoint.settings(), settings)) {
    const io::SettingInfo& setting = *change.setting;
    // An earlier version had the rule and no name for it: check_data sees to that.
    if (setting.key == "flat_folders" && checkpoint.position().train_listing.empty()) continue;
    const std::string text = describe(change);
    if (setting.on_resume == io::OnResume::refused) refused.push_back(text);
    if (setting.on_resume == io::OnResume::insist) insist.push_back(text);
    changes.said.push_back(text);
    if (setting.on_resume != io::OnResume::said) changes.recorded.push_back(text);
    changes.other_order |= changes_order(setting);
    changes.other_valid |= setting.key == "split";
  }
  const std::string of = checkpoint.path().string() + ": the run was made with other settings: ";
  if (!refused.empty())
    throw Error(of + joined(refused) + "; leave these options out, or begin a run of its own with --weights");
  if (!insist.empty() && !allow_changes)
    throw Error(
        of + joined(insist) +
        "; leave these options out, begin a run of its own with --weights, or go on all the same with --allow-changes");
}

void check_data(const Checkpoint& checkpoint, const Settings& settings, const io::ImageFolder& train,
                const io::ImageFolder& valid, bool allow_changes, ResumeChanges& changes) {
  if (!is_a_runs(checkpoint)) return;
  DataCheck check(checkpoint, settings, allow_changes, changes);
  const Position& position = checkpoint.position();
  if (!position.train_listing.empty()) {
    check.compare("train", train, position.train_listing);
    // Another split has another listing, and is said by itself.
    if (settings.split == checkpoint.settings()->split && !position.valid_listing.empty())
      check.compare(settings.split, valid, position.valid_listing);
    return;
  }
  check.compare_by_both_rules("train", train, recorded_beside(checkpoint));
  check.compare_by_both_rules(settings.split, valid, std::nullopt);
}

}  // namespace poster

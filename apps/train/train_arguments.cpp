#include "apps/train/train_arguments.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <nlohmann/json.hpp>

#include "apps/program/command_words.h"
#include "apps/train/train_options.h"
#include "engine/error.h"
#include "io/format/setting_value.h"

namespace poster {
namespace {

class Arguments {
 public:
  void add(const std::string& flag, const std::string& value) {
    if (value.empty() || value.front() == '-') {
      words_.push_back(flag + "=" + value);
    } else {
      words_.push_back(flag);
      words_.push_back(value);
    }
  }
  void add_flag(const std::string& flag) { words_.push_back(flag); }
  void add(const io::SettingInfo& setting, const io::SettingValue& value) {
    if (setting.is_switch)
      add_flag(setting.flag);
    else
      add(setting.flag, to_text(value));
  }
  std::vector<std::string> take() { return std::move(words_); }

 private:
  std::vector<std::string> words_;
};

// Whether --classes can give these names: CLI11 takes brackets for a list of its own.
bool can_be_given(const std::vector<std::string>& classes) {
  const bool plain_names = std::none_of(classes.begin(), classes.end(), [](const std::string& name) {
    return name.empty() || name.find(',') != std::string::npos || name.front() == '[';
  });
  if (!plain_names && !std::is_sorted(classes.begin(), classes.end()))
    throw Error("--classes can't give names that hold a comma or begin with a bracket; rename the folders");
  return plain_names;
}

void add_settings(Arguments& arguments, const Settings& settings, const Settings& usual) {
  std::vector<const io::Setting<Settings>*> rows;
  for (const io::Setting<Settings>& row : Settings::table())
    if (!row.flag.empty() && !is_of_view(row) && (row.always_told || row.get(settings) != row.get(usual)))
      rows.push_back(&row);
  std::stable_sort(rows.begin(), rows.end(), [](const auto* a, const auto* b) {
    return std::pair(!a->always_told, flag_rank(*a)) < std::pair(!b->always_told, flag_rank(*b));
  });
  for (const io::Setting<Settings>* row : rows)
    if (row->key != "classes" || can_be_given(settings.classes)) arguments.add(*row, row->get(settings));
}

void add_view(Arguments& arguments, const io::ViewOptions& view) {
  for (const io::Setting<io::ViewOptions>& row : io::ViewOptions::table()) {
    // A texture hides the colour.
    const bool hidden = row.key == "headset_colour" && !view.headset_texture.empty();
    if (!row.flag.empty() && row.is_used(view) && !hidden && row.get(view) != row.usual)
      arguments.add(row, row.get(view));
  }
}

// "ir50 304/304 tensors ir50.pth xxh64:0123456789abcdef" (InitialWeights::record).
void add_weights(Arguments& arguments, const std::vector<std::string>& files) {
  bool partial = false;
  for (const std::string& text : files) {
    const std::size_t part_end = text.find(' '), hash = text.rfind(' ');
    const std::size_t slash = text.find('/', part_end);
    if (part_end == std::string::npos || slash == std::string::npos || hash <= slash) continue;
    const std::string part = text.substr(0, part_end),
                      loaded = text.substr(part_end + 1, slash - part_end - 1);
    // "304/304 tensors (what is missing) NAME": the name follows the summary.
    std::size_t name = text.find(' ', slash);
    const std::string wanted = text.substr(slash + 1, name - slash - 1);
    if (text.compare(name, 9, " tensors ") == 0) name += 8;
    if (loaded != wanted) {
      partial = true;
      if (const std::size_t end = text.rfind(") ", hash); end != std::string::npos && text[name + 1] == '(')
        name = end + 1;
    }
    const char* flag = part == "ir50" ? "--ir50" : part == "landmarks" ? "--landmarks" : "--weights";
    arguments.add(flag, text.substr(name + 1, hash - name - 1));
  }
  if (partial) arguments.add_flag("--allow-partial");
}

bool same_otherwise(Settings one, const Settings& other) {
  one.initial_weights = other.initial_weights;
  one.classes = other.classes;
  one.changes = other.changes;
  // A texture may have changed or be gone: then poster_train says so.
  one.view = other.view;
  one.preparation = other.preparation;
  return to_json(one) == to_json(other);
}

}  // namespace

std::vector<std::string> train_arguments(const Settings& s) {
  // What comes without further flags.
  TrainOptions options;
  options.given.set(s.data, &Settings::data);
  options.given.set(s.model, &Settings::model);
  options.given.set(s.recipe.name, &Settings::recipe, &io::Recipe::name);
  // A view that the images have on disk comes with them.
  const bool on_disk = s.preparation && s.preparation->changes_view();
  options.view.set(s.view.view, &io::ViewOptions::view);
  const Settings usual = resolve_settings(options, nullptr);

  Arguments arguments;
  add_settings(arguments, s, usual);
  if (!on_disk) add_view(arguments, s.view);
  std::vector<std::string> words = arguments.take();
  // What no flag sets must be as the recipe has it today.
  CLI::App app;
  TrainOptions parsed;
  add_train_options(app, parsed);
  try {
    parse_words(app, words);
  } catch (const CLI::ParseError& error) {
    throw Error(std::string("poster_train has no flags for these settings: ") + error.what());
  }
  if (on_disk) parsed.view = options.view;
  parsed.view.forget(&io::ViewOptions::headset_texture);  // it isn't read here
  if (!same_otherwise(resolve_settings(parsed, nullptr), s))
    throw Error("poster_train has no flags for these settings: the recipe '" + s.recipe.name +
                "' is another one in this version");
  Arguments weights;
  add_weights(weights, s.initial_weights);
  for (std::string& word : weights.take()) words.push_back(std::move(word));
  return words;
}

}  // namespace poster

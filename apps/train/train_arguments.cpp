#include "apps/train/train_arguments.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string_view>

#include "apps/train/train_options.h"
#include "engine/error.h"
#include "io/format/printable.h"

namespace poster {
namespace {

// Reads back as the same double also where it goes through a long double, as in CLI11: that rounds twice, and
// the shortest text may lie next to the middle between two doubles.
std::string number(double value) {
  char text[64];
  *std::to_chars(text, text + sizeof text, value).ptr = '\0';
  if (static_cast<double>(std::strtold(text, nullptr)) != value)
    std::snprintf(text, sizeof text, "%.17g", value);
  return text;
}

class Arguments {
 public:
  void add(const char* flag, const std::string& value) {
    if (value.empty() || value.front() == '-') {
      words_.push_back(std::string(flag) + "=" + value);
    } else {
      words_.push_back(flag);
      words_.push_back(value);
    }
  }
  void add(const char* flag, double value) { add(flag, number(value)); }
  template <typename T>
  void add_other(const char* flag, const T& value, const T& usual) {
    if (value != usual) add(flag, value);
  }
  void add_flag(const char* flag) { words_.emplace_back(flag); }
  std::vector<std::string> take() { return std::move(words_); }

 private:
  std::vector<std::string> words_;
};

void add_recipe(Arguments& arguments, const io::Recipe& r, const io::Recipe& usual) {
  if (r.resize != usual.resize)
    arguments.add("--resize", r.resize == io::ResizeMode::stretch ? "stretch" : "keep-ratio");
  arguments.add_other("--gamma", r.gamma, usual.gamma);
  arguments.add_other("--rho", r.rho, usual.rho);
  arguments.add_other("--flip", r.flip_probability, usual.flip_probability);
  arguments.add_other("--brightness", r.brightness, usual.brightness);
  arguments.add_other("--contrast", r.contrast, usual.contrast);
  arguments.add_other("--saturation", r.saturation, usual.saturation);
  arguments.add_other("--hue", r.hue, usual.hue);
  arguments.add_other("--rotation", r.rotation_degrees, usual.rotation_degrees);
  arguments.add_other("--translation", r.translation, usual.translation);
  arguments.add_other("--erase", r.erase_probability, usual.erase_probability);
  arguments.add_other("--erase-area-min", r.erase_area_min, usual.erase_area_min);
  arguments.add_other("--erase-area-max", r.erase_area_max, usual.erase_area_max);
  if (r.balanced_sampler != usual.balanced_sampler)
    arguments.add("--balanced", r.balanced_sampler ? "true" : "false");
}

void add_view(Arguments& arguments, const io::ViewOptions& view) {
  const io::ViewOptions usual;
  if (view.view == io::View::full) return;
  arguments.add("--view", io::view_name(view.view));
  arguments.add_other("--view-detector", view.detector, usual.detector);
  arguments.add_other("--face-margin", view.margin, usual.margin);
  if (view.view == io::View::lower) arguments.add_other("--eye-line", view.eye_line, usual.eye_line);
  if (view.view != io::View::headset) return;
  arguments.add_other("--headset-width", view.headset_width, usual.headset_width);
  arguments.add_other("--headset-height", view.headset_height, usual.headset_height);
  arguments.add_other("--headset-rotation", view.headset_rotation, usual.headset_rotation);
  if (!view.headset_texture.empty())
    arguments.add("--headset-texture", view.headset_texture);
  else if (view.headset_colour != usual.headset_colour)
    arguments.add("--headset-colour", io::colour_text(view.headset_colour));
  arguments.add_other("--headset-mix", view.headset_mix, usual.headset_mix);
  if (view.seed != usual.seed) arguments.add("--headset-seed", std::to_string(view.seed));
}

void add_classes(Arguments& arguments, const std::vector<std::string>& classes) {
  if (classes.empty()) return;
  // CLI11 takes brackets for a list of its own.
  const bool can_be_given = std::none_of(classes.begin(), classes.end(), [](const std::string& name) {
    return name.empty() || name.find(',') != std::string::npos || name.front() == '[';
  });
  if (can_be_given) {
    std::string list;
    for (const std::string& name : classes) list += (list.empty() ? "" : ",") + name;
    arguments.add("--classes", list);
  } else if (!std::is_sorted(classes.begin(), classes.end())) {
    throw Error("--classes can't give names that hold a comma or begin with a bracket; rename the folders");
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

bool same_otherwise(Settings one, Settings other) {
  one.initial_weights = other.initial_weights;
  one.classes = other.classes;
  one.changes = other.changes;
  // A texture may have changed or be gone: then poster_train says so.
  one.view = other.view;
  one.preparation = other.preparation;
  return to_json(one) == to_json(other);
}

bool plain(char letter) {
  return (letter >= '0' && letter <= '9') || (letter >= 'a' && letter <= 'z') ||
         (letter >= 'A' && letter <= 'Z') ||
         std::string_view("_-+=./,:@%").find(letter) != std::string_view::npos;
}

std::string quoted(const std::string& word) {
  if (!word.empty() && std::all_of(word.begin(), word.end(), plain)) return word;
  const bool readable = io::printable(word) == word;
  std::string text = readable ? "'" : "$'";
  for (const char letter : word) {
    if (readable && letter == '\'') {
      text += "'\\''";
    } else if (readable) {
      text += letter;
    } else if (plain(letter) || letter == ' ') {
      text += letter;
    } else {
      char code[8];
      std::snprintf(code, sizeof code, "\\x%02x", static_cast<unsigned>(static_cast<unsigned char>(letter)));
      text += code;
    }
  }
  return text + "'";
}

}  // namespace

std::vector<std::string> train_arguments(const Settings& s) {
  // What comes without further flags.
  TrainOptions options;
  options.data = s.data;
  options.model = s.model;
  options.recipe = s.recipe.name;
  // A view that the pictures have on disk comes with them.
  const bool on_disk = s.preparation && s.preparation->changes_view();
  options.view.view = io::view_name(s.view.view);
  const Settings usual = resolve_settings(options, nullptr);

  Arguments arguments;
  arguments.add("--data", s.data);
  arguments.add("--model", s.model);
  arguments.add("--recipe", s.recipe.name);
  arguments.add("--epochs", std::to_string(s.recipe.epochs));
  arguments.add("--batch-size", std::to_string(s.recipe.batch_size));
  arguments.add("--lr", s.recipe.learning_rate);
  arguments.add("--seed", std::to_string(s.seed));
  arguments.add_other("--optimizer", s.recipe.optimizer, usual.recipe.optimizer);
  arguments.add_other("--wd", s.weight_decay, usual.weight_decay);
  arguments.add_other("--momentum", s.momentum, usual.momentum);
  add_recipe(arguments, s.recipe, usual.recipe);
  if (!on_disk) add_view(arguments, s.view);
  if (s.freeze != usual.freeze) arguments.add("--freeze", freeze_name(s.freeze));
  if (s.precision != usual.precision) arguments.add("--precision", precision_name(s.precision));
  arguments.add_other("--split", s.split, usual.split);
  if (s.skip_bad != usual.skip_bad) arguments.add("--skip-bad", std::to_string(s.skip_bad));
  if (s.drop_last) arguments.add_flag("--drop-last");
  if (s.flat_folders) arguments.add_flag("--flat-folders");
  add_classes(arguments, s.classes);

  std::vector<std::string> words = arguments.take();
  // What no flag sets must be as the recipe has it today.
  CLI::App app;
  TrainOptions parsed;
  add_train_options(app, parsed);
  std::vector<std::string> reversed(words.rbegin(), words.rend());
  try {
    app.parse(reversed);
  } catch (const CLI::ParseError& error) {
    throw Error(std::string("poster_train has no flags for these settings: ") + error.what());
  }
  if (on_disk) parsed.view.view = options.view.view;
  parsed.view.texture.reset();  // it isn't read here
  if (!s.view.headset_texture.empty()) parsed.view.colour.reset();
  if (!same_otherwise(resolve_settings(parsed, nullptr), s))
    throw Error("poster_train has no flags for these settings: the recipe '" + s.recipe.name +
                "' is another one in this version");
  Arguments weights;
  add_weights(weights, s.initial_weights);
  for (std::string& word : weights.take()) words.push_back(std::move(word));
  return words;
}

std::string shell_line(const std::vector<std::string>& words) {
  std::string line;
  for (const std::string& word : words) line += (line.empty() ? "" : " ") + quoted(word);
  return line;
}

}  // namespace poster

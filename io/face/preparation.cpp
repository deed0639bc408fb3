#include "io/face/preparation.h"

#include <cstdio>
#include <nlohmann/json.hpp>

#include "engine/error.h"
#include "io/format/atomic_file.h"
#include "io/format/input_file.h"
#include "io/format/json.h"

namespace poster::io {
namespace {

namespace fs = std::filesystem;
using json = nlohmann::ordered_json;

constexpr const char* kFormat = "poster-preparation 1";
constexpr int kMaxSize = 16384;  // as poster_prepare has it
constexpr std::uint64_t kMaxFile = 1 << 20;
constexpr const char* kMend = "put back the file that poster_prepare wrote, or prepare the images again";

std::string number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%g", value);
  return text;
}

void check_preparation(const Preparation& p, const std::string& name) {
  if (!(p.crop.margin >= -0.4 && p.crop.margin <= 4) || p.size < 0 || p.size > kMaxSize)
    throw Error(name + ": has a margin or a size out of range; " + kMend);
}

// The folder itself, where it is reached through links, too.
fs::path real(const fs::path& folder) {
  std::error_code error;
  const fs::path path = fs::canonical(folder, error);
  return error ? folder : path;
}

}  // namespace

std::string describe(const Preparation& p) {
  std::string text = p.program + ": ";
  if (p.cut_out())
    text += "faces cut out (" + p.faces + ", margin " + number(p.crop.margin) +
            (p.crop.square ? ", square)" : ", free)");
  else
    text += "whole images";
  if (p.size > 0) text += ", reduced to " + std::to_string(p.size) + " pixels";
  return text + ", view " + describe(p.view);
}

std::string describe(const std::optional<Preparation>& p) { return p ? describe(*p) : "unknown"; }

bool same_preparation(const std::optional<Preparation>& one, const std::optional<Preparation>& other) {
  if (!one || !other) return !one && !other;
  Preparation like = *other;
  if (same_view(one->view, like.view)) like.view = one->view;
  return *one == like;
}

json to_json(const Preparation& p) {
  json j = {{"format", kFormat}, {"program", p.program}, {"faces", p.faces}};
  if (p.cut_out()) {
    j["detector"] = p.detector;
    j["margin"] = p.crop.margin;
    j["square"] = p.crop.square;
  }
  j["size"] = p.size;
  j["view"] = to_json(p.view);
  return j;
}

Preparation preparation_from_json(const json& j) {
  if (j.at("format") != kFormat)
    throw Error("its format is " + j.at("format").dump() + ", and not \"" + kFormat +
                "\"; use a newer version of this program");
  Preparation p;
  j.at("program").get_to(p.program);
  j.at("faces").get_to(p.faces);
  if (p.cut_out()) {
    j.at("detector").get_to(p.detector);
    j.at("margin").get_to(p.crop.margin);
    j.at("square").get_to(p.crop.square);
  }
  j.at("size").get_to(p.size);
  p.view = view_from_json(j.at("view"));
  check_preparation(p, "a preparation's record");
  check_view(p.view, "a preparation's record");
  return p;
}

std::string preparation_text(const Preparation& preparation) { return to_json(preparation).dump(2) + "\n"; }

Preparation parse_preparation(const std::string& text, const std::string& name) {
  const json j = parse_json<json>(text, name, kMend);
  try {
    return preparation_from_json(j);
  } catch (const json::exception& error) {
    throw Error(name + ": is not as poster_prepare writes it (" + describe_json_error(error) + "); " + kMend);
  } catch (const Error& error) {
    throw Error(name + ": " + error.what());
  }
}

void write_preparation(const fs::path& folder, const Preparation& preparation) {
  write_file_atomically(folder / kPreparationFile, preparation_text(preparation));
}

std::optional<Preparation> read_preparation(const fs::path& folder) {
  const fs::path path = folder / kPreparationFile;
  std::error_code error;  // a folder that can't be looked into says nothing
  if (!fs::exists(path, error)) return std::nullopt;
  return parse_preparation(read_file(path, kMaxFile), path.string());
}

std::optional<Preparation> find_preparation(const fs::path& data, const std::string& split) {
  const fs::path folder = data / split, target = real(folder);
  std::optional<Preparation> found;
  fs::path found_in;
  for (const fs::path& place : {data, folder, target, target.parent_path()}) {
    const auto here = read_preparation(place);
    if (!here) continue;
    if (found && !same_preparation(found, here))
      throw Error(folder.string() + ": " + (found_in / kPreparationFile).string() + " says \"" +
                  describe(*found) + "\", " + (place / kPreparationFile).string() + " \"" + describe(*here) +
                  "\"; keep images that were prepared differently in folders of their own");
    if (!found) found_in = place;
    found = here;
  }
  return found;
}

std::optional<Preparation> preparation_above(const fs::path& folder) {
  fs::path place = real(folder.empty() ? "." : folder);
  for (;;) {
    if (auto found = read_preparation(place)) return found;
    const fs::path parent = place.parent_path();
    if (parent.empty() || parent == place) return std::nullopt;
    place = parent;
  }
}

ViewOptions remaining_view(const ViewOptions& wanted, const std::optional<Preparation>& done,
                           const std::string& where) {
  if (!done || !done->changes_view()) return wanted;
  if (same_look(wanted, done->view)) return {};
  throw Error(where + ": was made with the view \"" + describe(done->view) + "\" by " + done->program +
              ", and can't be shown with \"" + describe(wanted) +
              "\"; prepare the images again with --view full");
}

ViewOptions with_place_of(ViewOptions view, const std::optional<Preparation>& done) {
  if (view.view != View::full && view.detector.empty() && done && done->cut_out() && done->crop.square &&
      done->crop.margin >= 0)
    view.margin = done->crop.margin;
  return view;
}

}  // namespace poster::io

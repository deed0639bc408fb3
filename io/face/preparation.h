// What was done to the images of a folder before anybody trains on them: faces cut out, made smaller, seen
// through a view. The program that writes a data set leaves it in the folder as preparation.json; a run takes
// it from there into run.json and its checkpoints. Whoever shows images to that network does what is still
// to be done (remaining_view), so that nothing is done twice and nothing is left out.
#pragma once

#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

#include "io/face/face_crop.h"
#include "io/face/face_view.h"
#include "io/face/view_record.h"

namespace poster::io {

struct Preparation {
  std::string program;         // who did it: "poster_prepare"
  std::string faces = "none";  // how faces were found and cut out: none, set, detect; "set, or detect"
  std::string detector = {};   // where it was asked
  CropOptions crop = {};       // of what was cut out
  int size = 0;                // the shorter side was reduced to it where it was larger, pixels; 0: it wasn't
  ViewOptions view = {};       // and then seen so; full: whole faces

  bool cut_out() const { return faces != "none"; }
  bool changes_view() const { return view.view != View::full; }
  bool operator==(const Preparation&) const = default;
};

inline constexpr const char* kPreparationFile = "preparation.json";

// One line: "poster_prepare: faces cut out (detect, margin 0.1, square), to 448 pixels, lower, from 0.5 …".
std::string describe(const Preparation& preparation);
std::string describe(const std::optional<Preparation>& preparation);  // "unknown" for none

// Whether both left the same: wherever a texture lies.
bool same_preparation(const std::optional<Preparation>& one, const std::optional<Preparation>& other);

nlohmann::ordered_json to_json(const Preparation& preparation);
// Throws nlohmann::json::exception and poster::Error for anything that to_json did not write.
Preparation preparation_from_json(const nlohmann::ordered_json& json);

// The file's content, as FOLDER/preparation.json has it; `name` begins messages. Throws poster::Error.
std::string preparation_text(const Preparation& preparation);
Preparation parse_preparation(const std::string& text, const std::string& name);

// Atomically; throws poster::Error.
void write_preparation(const std::filesystem::path& folder, const Preparation& preparation);
// Nothing where there is no such file. Throws poster::Error for a damaged one.
std::optional<Preparation> read_preparation(const std::filesystem::path& folder);

// Of the images in DATA/SPLIT: of DATA, of the folder itself, and of where a link leads to. Throws
// poster::Error when these contradict each other.
std::optional<Preparation> find_preparation(const std::filesystem::path& data, const std::string& split);
// Of the images in one folder: what the nearest folder above it says.
std::optional<Preparation> preparation_above(const std::filesystem::path& folder);

// What is still to be done to images that were prepared so until they are seen through `wanted`: all of it,
// or nothing. Where somebody has cut or painted them otherwise, it can't be done: throws poster::Error that
// begins with `where`.
ViewOptions remaining_view(const ViewOptions& wanted, const std::optional<Preparation>& done,
                           const std::string& where);

// `view` with the face where that preparation has put it, unless the view looks for it itself.
ViewOptions with_place_of(ViewOptions view, const std::optional<Preparation>& done);

}  // namespace poster::io

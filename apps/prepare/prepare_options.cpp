#include "apps/prepare/prepare_options.h"

#include <CLI/CLI.hpp>
#include <map>

namespace poster {
namespace {

using prepare::Faces;
using prepare::LabelRule;
using prepare::OnNoFace;
using prepare::OutputFormat;

std::string set_names() {
  std::string text = "The data set:";
  for (const prepare::SourceSet& set : prepare::source_sets())
    text += "\n" + set.name + ": " + set.title + ". Expects " + set.expected;
  return text;
}

// An option whose value is one of some words.
template <typename T>
void add_choice(CLI::App& app, const std::string& name, T& value, const std::map<std::string, T>& choices,
                const std::string& description, const std::string& usual) {
  std::string words;
  for (const auto& [word, meaning] : choices) words += (words.empty() ? "" : "|") + word;
  app.add_option_function<std::string>(
         name, [&value, choices](const std::string& word) { value = choices.at(word); },
         description + " (default: " + usual + ")")
      ->check(CLI::IsMember(choices))
      ->type_name(words);
}

void add_source_options(CLI::App& app, prepare::PrepareOptions& o) {
  app.add_option(
         "--map", o.map,
         "File that says which labels make up which class: "
         "lines 'positive: joy', 'negative: anger, sadness', or JSON {\"positive\": [\"joy\"], ...}; labels in no class are left out. "
         "'none' keeps every label as it is. Default: the set's expressions; aihub: positive, neutral and negative")
      ->type_name("FILE");
  app.add_option(
         "--encoding", o.encoding,
         "Encoding of label files and names that are no UTF-8, as iconv calls it (WINDOWS-1252, SHIFT_JIS, ...). "
         "Default: CP949 where the set is Korean or the text reads as Korean throughout, else an error")
      ->type_name("NAME");
  add_choice<LabelRule>(
      app, "--label", o.source.label,
      {{"folder", LabelRule::folder}, {"vote", LabelRule::vote}, {"unanimous", LabelRule::unanimous}},
      "aihub: an image's label is its folder's, what two of three annotators say, or what all say", "vote");
  app.add_option("--poses", o.source.poses, "kdef: which of S, HL, HR, FL, FR to take, with commas")
      ->capture_default_str()
      ->type_name("LIST");
  app.add_option(
         "--person", o.source.person_pattern,
         "folder, csv: regular expression whose first group, in a file's name, is the person: '^(.*)_[0-9]+'")
      ->type_name("REGEX");
  app.add_option("--path-column", o.source.path_column,
                 "csv: column of the image's path (default: path, file, image, ...)")
      ->type_name("NAME");
  app.add_option("--label-column", o.source.label_column,
                 "csv: column of the label (default: label, class, emotion, ...)")
      ->type_name("NAME");
  app.add_option("--split-column", o.source.split_column,
                 "csv: column of train, valid or test (default: split, usage, ...)")
      ->type_name("NAME");
  app.add_option("--person-column", o.source.person_column,
                 "csv: column of the person (default: person, subject, ...)")
      ->type_name("NAME");
  app.add_option("--box-columns", o.source.box_columns,
                 "csv: columns of the face's box (default: left,top,width,height)")
      ->type_name("L,T,W,H");
}

void add_image_options(CLI::App& app, prepare::PrepareOptions& o) {
  add_choice<std::optional<Faces>>(
      app, "--faces", o.faces,
      {{"auto", std::nullopt}, {"none", Faces::none}, {"set", Faces::set}, {"detect", Faces::detect}},
      "Cut out faces: by the set's boxes, by what the detector finds, or not at all. auto: as fits the set",
      "auto");
  app.add_option("--detector", o.image.detector,
                 "cascade (OpenCV's, from the package opencv-data), or a YuNet model's .onnx file")
      ->capture_default_str();
  app.add_option("--margin", o.margin,
                 "Added on each side of a face's box, in shares of its longer side (default: 0.1)")
      ->check(CLI::Range(-0.4, 4.0))
      ->type_name("SHARE");
  add_choice<bool>(app, "--crop", o.image.crop.square, {{"square", true}, {"free", false}},
                   "Make the shorter side of a face's box as long as the longer one, or leave it", "square");
  app.add_option("--min-face", o.image.min_face, "Smaller faces (shorter side of the box) don't count")
      ->capture_default_str()
      ->type_name("PX");
  add_choice<OnNoFace>(app, "--on-no-face", o.image.on_no_face,
                       {{"skip", OnNoFace::skip}, {"whole", OnNoFace::whole}, {"fail", OnNoFace::fail}},
                       "An image without a face is left out, taken whole, or an error", "skip");
  app.add_option(
         "--size", o.image.size,
         "Reduce larger images to this shorter side, 0: never (default: 448, twice what the network sees, "
         "where faces are cut out, else 0)")
      ->check(CLI::Range(0, 16384))
      ->type_name("PX");
  add_choice<OutputFormat>(
      app, "--format", o.image.format,
      {{"auto", OutputFormat::automatic}, {"jpg", OutputFormat::jpg}, {"png", OutputFormat::png}},
      "auto: JPEG for what was JPEG or WebP, else PNG; unchanged images keep their bytes", "auto");
}

void add_split_options(CLI::App& app, PrepareCommand& command) {
  prepare::PrepareOptions& o = command.options;
  add_choice<std::optional<bool>>(
      app, "--split", o.keep_split, {{"auto", std::nullopt}, {"set", true}, {"new", false}},
      "Keep the set's own split (valid is taken out of train if it has none), or split anew: "
      "by person where persons are known, near-duplicates together. auto: set where there is one; aihub: new",
      "auto");
  app.add_option("--ratios", command.ratios, "Shares of train, valid and test")
      ->capture_default_str()
      ->type_name("T,V,T");
  app.add_option("--seed", o.split.seed, "Another seed splits otherwise")
      ->capture_default_str()
      ->type_name("S");
  app.add_option(
         "--similar", o.split.similar_bits,
         "Images whose perceptual hashes differ in no more bits, of 64, may be near-duplicates; -1: don't look")
      ->capture_default_str()
      ->type_name("BITS");
  app.add_flag("--allow-person-overlap", o.split.allow_person_overlap,
               "Take the set's own split although it has a person on both sides");
}

}  // namespace

void add_prepare_options(CLI::App& app, PrepareCommand& command) {
  app.get_formatter()->column_width(34);
  prepare::PrepareOptions& o = command.options;
  app.add_option("SET", o.set, set_names())->required()->type_name("");
  app.add_option("--in", o.in, "Folders, zip archives or files of the set, as downloaded")
      ->required()
      ->type_name("PATH");
  app.add_option("--out", o.out, "Folder to write; a run that was stopped goes on in it")
      ->required()
      ->type_name("DIR");
  add_source_options(app, o);
  add_image_options(app, o);
  add_view_flags(app, command.view);
  add_split_options(app, command);
  app.add_option("--threads,-j", o.threads, "Threads, 0: one per core; the files are the same")
      ->capture_default_str()
      ->type_name("N");
  app.add_flag(
      "--force", o.force,
      "Start anew: remove what an earlier run wrote to --out (nothing else), or write into a folder that isn't empty");
}

prepare::PrepareOptions prepare_options(const PrepareCommand& command) {
  prepare::PrepareOptions options = command.options;
  options.view = resolve_view(command.view);
  options.split.ratios = prepare::parse_ratios(command.ratios);
  return options;
}

}  // namespace poster

#include "io/prepare/prepare.h"

#include <algorithm>
#include <chrono>
#include <set>

#include "engine/error.h"
#include "io/codec/image_reader.h"
#include "io/format/csv.h"
#include "io/format/join.h"
#include "io/prepare/contact_sheet.h"
#include "io/prepare/earlier_preparation.h"
#include "io/prepare/image_step.h"
#include "io/prepare/output_paths.h"
#include "io/prepare/process.h"
#include "io/prepare/run_settings.h"
#include "io/prepare/workspace.h"

namespace poster::prepare {
namespace {

namespace fs = std::filesystem;

// What is in the tree in the end, in the order of the plan.
struct Written {
  const PlannedItem* planned;
  const Record* record;
  Split split;
  std::string path;  // relative to the output folder
};

ClassMap class_map(const std::string& map, const SourceSet& set, const TextRules& rules,
                   Collection& collection) {
  if (map == "none") return ClassMap::identity(collection.items);
  if (!map.empty()) return ClassMap::from_file(map, rules);
  if (set.classes.empty()) return ClassMap::joined_spellings(collection.items, collection.notes);
  return ClassMap(set.classes, set.name);
}

SplitInput split_input(const PlannedItem& planned, const Record* record) {
  SplitInput input;
  input.class_index = planned.class_index;
  input.given = planned.item.split;
  input.person = planned.item.person;
  input.source = planned.item.file.source;
  if (record) {
    input.content = record->content;
    input.print = record->print;
  }
  return input;
}

// Before hours of work: persons need no images.
void check_persons(const Plan& plan, const SplitOptions& options) {
  std::vector<SplitInput> inputs;
  inputs.reserve(plan.items.size());
  for (const PlannedItem& planned : plan.items) inputs.push_back(split_input(planned, nullptr));
  check_person_overlap(inputs, options);
}

// A class that loses more of its images than others because no face is found in them is a class less well
// learned.
void note_faceless(const Plan& plan, const Processing& processing, Summary& summary) {
  std::vector<std::size_t> all(plan.classes.size()), faceless(plan.classes.size());
  for (const PlannedItem& planned : plan.items) {
    ++all[planned.class_index];
    faceless[planned.class_index] += processing.records.at(planned.id).reason == kNoFace;
  }
  std::string line;
  for (std::size_t c = 0; c < all.size(); ++c)
    if (faceless[c] > 0)
      io::add_part(
          line, plan.classes[c] + " " + std::to_string(faceless[c]) + " of " + std::to_string(all[c]), ", ");
  if (!line.empty()) summary.notes.push_back("left out for want of a face, by class: " + line);
}

std::vector<Written> split_images(const Plan& plan, const Processing& processing, const SplitOptions& options,
                                  Summary& summary) {
  std::vector<SplitInput> inputs;
  std::vector<Written> all;
  for (const PlannedItem& planned : plan.items) {
    const Record& record = processing.records.at(planned.id);
    if (!record.reason.empty()) {
      summary.left_out.push_back({planned.item.file.source, record.reason, record.detail});
      continue;
    }
    inputs.push_back(split_input(planned, &record));
    all.push_back({&planned, &record, Split::train, ""});
  }
  note_faceless(plan, processing, summary);
  const SplitResult result = assign_splits(inputs, plan.classes.size(), options);
  std::vector<Written> written;
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (!result.splits[i]) {
      summary.left_out.push_back(
          {inputs[i].source, "a near-duplicate is in another split", result.duplicate_of[i]});
      continue;
    }
    all[i].split = *result.splits[i];
    all[i].path = split_name(all[i].split) + "/" + plan.classes[all[i].planned->class_index] + "/" +
                  all[i].planned->stem + all[i].record->extension;
    written.push_back(all[i]);
  }
  if (result.equal_files > 0)
    summary.notes.push_back(std::to_string(result.equal_files) + " images equal another, byte for byte");
  if (result.near_pairs > 0)
    summary.notes.push_back(std::to_string(result.near_pairs) +
                            " pairs of near-duplicates, each kept on one side");
  if (!result.contradictions.empty())
    summary.notes.push_back(std::to_string(result.contradictions.size()) +
                            " images equal one of another class, the first is " +
                            result.contradictions.front());
  return written;
}

void count(const Plan& plan, const std::vector<Written>& written, Summary& summary) {
  std::vector<std::array<std::size_t, kSplits>> counts(plan.classes.size());
  std::array<std::set<std::string>, kSplits> persons;
  std::map<std::string, std::size_t> faces;
  for (const Written& one : written) {
    const auto s = static_cast<std::size_t>(one.split);
    ++counts[one.planned->class_index][s];
    if (!one.planned->item.person.empty()) persons[s].insert(one.planned->item.person);
    if (!one.record->face.empty()) ++faces[one.record->face];
  }
  for (std::size_t s = 0; s < kSplits; ++s) summary.persons[s] = persons[s].size();
  for (std::size_t c = 0; c < plan.classes.size(); ++c) {
    summary.classes.push_back(plan.classes[c]);
    summary.counts.push_back(counts[c]);
    for (std::size_t s = 0; s < kSplits; ++s)
      if (counts[c][s] == 0)
        summary.notes.push_back("no images of class " + plan.classes[c] + " in " +
                                split_name(static_cast<Split>(s)));
  }
  if (faces.contains("several"))
    summary.notes.push_back(std::to_string(faces["several"]) +
                            " images with several faces, the largest was taken");
  if (faces.contains("none"))
    summary.notes.push_back(std::to_string(faces["none"]) + " images without a face, taken whole");
  if (faces.contains("tiny"))
    summary.notes.push_back(std::to_string(faces["tiny"]) + " images with tiny faces only, taken whole");
}

std::string manifest_text(const Plan& plan, const std::vector<Written>& written) {
  std::string text = "source,class,split,person,box,orientation,hash,path\n";
  for (const Written& one : written) {
    std::string box;
    if (one.record->box) {
      char numbers[160];
      std::snprintf(numbers, sizeof numbers, "%g %g %g %g", one.record->box->left, one.record->box->top,
                    one.record->box->width, one.record->box->height);
      box = numbers;
    }
    text += io::csv_field(one.planned->item.file.source) + "," +
            io::csv_field(plan.classes[one.planned->class_index]) + "," + split_name(one.split) + "," +
            io::csv_field(one.planned->item.person) + "," + box + "," +
            std::to_string(one.record->orientation) + "," + hex64(one.record->output_hash) + "," +
            io::csv_field(one.path) + "\n";
  }
  return text;
}

void write_records(const Workspace& workspace, const Plan& plan, const std::vector<Written>& written,
                   const Summary& summary) {
  const fs::path& folder = workspace.folder();
  std::set<std::string> names;
  for (std::size_t c = 0; c < plan.classes.size(); ++c) {
    std::vector<SheetImage> images;
    for (const Written& one : written)
      if (one.planned->class_index == c) images.push_back({folder / one.path, one.split});
    if (images.empty()) continue;
    names.insert(plan.classes[c]);
    const std::string name = plan.classes[c] + ".jpg";
    const std::vector<std::uint8_t> bytes = io::encode_image(contact_sheet(images), name);
    write_if_different(folder, "contact_sheets/" + name,
                       {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  }
  std::string classes, left_out = "source,reason,detail\n";
  for (const std::string& name : names) classes += name + "\n";
  for (const LeftOut& one : summary.left_out)
    left_out +=
        io::csv_field(one.source) + "," + io::csv_field(one.reason) + "," + io::csv_field(one.detail) + "\n";
  write_if_different(folder, "classes.txt", classes);
  write_if_different(folder, "left_out.csv", left_out);
  write_if_different(folder, "summary.txt", summary_text(summary));
  write_if_different(folder, "manifest.csv", manifest_text(plan, written));
}

}  // namespace

Summary prepare(const PrepareOptions& given, const std::function<void(std::size_t, std::size_t)>& progress) {
  const auto started = std::chrono::steady_clock::now();
  const SourceSet& set = source_set(given.set);
  check_encoding(given.encoding);
  const TextRules rules = {set.korean, given.encoding};
  const FileTree tree(given.in, given.out, rules);
  Collection collection = collect_set(set, tree, given.source);
  const ClassMap map = class_map(given.map, set, rules, collection);
  const PrepareOptions options = resolved(given, set, collection.items);
  const bool boxes = options.image.faces == Faces::set || options.image.faces == Faces::set_or_detect;
  const Plan plan = make_plan(std::move(collection), map, boxes);
  check_persons(plan, options.split);
  const auto earlier = earlier_preparation(tree, plan.items);
  const io::Preparation preparation = preparation_of(options, earlier);
  const io::ViewMaker views(options.view);
  if (options.image.faces == Faces::detect || options.image.faces == Faces::set_or_detect)
    io::make_face_finder(options.image.detector);  // a wrong one is told before the folder is touched

  Workspace workspace(options.out, settings_of(options, map, plan), options.force);
  const Processing processing =
      process_images(tree, plan, options.image, views, workspace, options.threads, progress);
  Summary summary;
  summary.left_out = plan.left_out;
  summary.notes = plan.notes;
  if (earlier) summary.notes.push_back("the images were prepared before by " + describe(*earlier));
  const std::vector<Written> written = split_images(plan, processing, options.split, summary);
  if (written.empty())
    throw Error(tree.name() + ": none of " + std::to_string(plan.items.size()) + " images could be used; " +
                (summary.left_out.empty() ? ""
                                          : "the last: " + summary.left_out.back().reason + ", " +
                                                summary.left_out.back().detail + "; ") +
                "see --on-no-face and --min-face");
  std::ranges::stable_sort(summary.left_out, {}, &LeftOut::source);
  count(plan, written, summary);
  std::vector<std::pair<std::uint64_t, std::string>> paths;
  paths.reserve(written.size());
  for (const Written& one : written) paths.emplace_back(one.planned->id, one.path);
  // Before the first image is in its place: a folder with images and without this would be taken for one
  // of whole faces.
  write_if_different(workspace.folder(), io::kPreparationFile, io::preparation_text(preparation));
  workspace.publish(paths, processing.records);
  write_records(workspace, plan, written, summary);
  summary.processed = processing.processed;
  summary.kept = processing.kept;
  summary.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
  return summary;
}

}  // namespace poster::prepare

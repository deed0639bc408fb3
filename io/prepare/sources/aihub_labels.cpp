#include "io/prepare/sources/aihub_labels.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <nlohmann/json.hpp>

#include "io/format/csv.h"
#include "io/format/json.h"
#include "io/prepare/expression_names.h"
#include "io/prepare/text_encoding.h"

namespace poster::prepare {
namespace {

using UnorderedJson = nlohmann::json;

const UnorderedJson* member_or_null(const UnorderedJson& object, const char* key) {
  const auto at = object.find(key);
  return object.is_object() && at != object.end() ? &*at : nullptr;
}

std::string text_or_empty(const UnorderedJson* value) {
  return value && value->is_string() ? value->get<std::string>() : "";
}

std::optional<double> number_of(const UnorderedJson* value) {
  if (value && value->is_number()) return value->get<double>();
  return value && value->is_string() ? io::parse_number(value->get<std::string>()) : std::nullopt;
}

using Edges = std::array<double, 4>;  // left, top, right, bottom

std::optional<Edges> edges_of(const UnorderedJson& object) {
  Edges edges{};
  std::size_t i = 0;
  for (const char* key : {"minX", "minY", "maxX", "maxY"}) {
    const auto value = number_of(member_or_null(object, key));
    if (!value || !std::isfinite(*value)) return std::nullopt;
    edges[i++] = *value;
  }
  if (!(edges[2] > edges[0] && edges[3] > edges[1])) return std::nullopt;
  return edges;
}

double median(std::vector<double> values) {
  std::ranges::sort(values);
  const std::size_t middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

std::optional<io::FaceBox> median_box(const std::vector<Edges>& boxes) {
  if (boxes.empty()) return std::nullopt;
  Edges edges{};
  for (std::size_t side = 0; side < 4; ++side) {
    std::vector<double> values;
    values.reserve(boxes.size());
    for (const Edges& box : boxes) values.push_back(box[side]);
    edges[side] = median(values);
  }
  return io::FaceBox{edges[0], edges[1], edges[2] - edges[0], edges[3] - edges[1]};
}

AihubRecord aihub_record_of(const UnorderedJson& json) {
  AihubRecord record;
  record.uploader = aihub_expression(text_or_empty(member_or_null(json, "faceExp_uploader")));
  std::vector<Edges> boxes;
  for (const char* annotator : {"A", "B", "C"}) {
    const UnorderedJson* given = member_or_null(json, (std::string("annot_") + annotator).c_str());
    if (!given) given = member_or_null(json, (std::string("faceBB_") + annotator).c_str());
    if (!given || !given->is_object()) continue;
    const UnorderedJson* box = member_or_null(*given, "boxes");
    if (!box || !box->is_object()) box = given;
    std::string said;
    for (const UnorderedJson* place : {given, box})
      for (const char* key : {"faceExp", "label"})
        if (said.empty()) said = text_or_empty(member_or_null(*place, key));
    if (!said.empty()) {
      const std::string known = aihub_expression(said);
      record.votes.push_back(known.empty() ? said : known);
    }
    if (const auto edges = edges_of(*box)) boxes.push_back(*edges);
  }
  record.box = median_box(boxes);
  return record;
}

// The array of records: the document itself, or the first array in it that holds objects with a file name.
const UnorderedJson* records_in(const UnorderedJson& json) {
  if (json.is_array()) {
    const bool records = std::ranges::any_of(
        json, [](const UnorderedJson& r) { return member_or_null(r, "filename") != nullptr; });
    return records ? &json : nullptr;
  }
  if (json.is_object())
    for (const auto& value : json)
      if (const UnorderedJson* found = records_in(value)) return found;
  return nullptr;
}

}  // namespace

bool add_aihub_records(const std::string& text, const std::string& name, AihubLabels& labels) {
  const UnorderedJson json = io::parse_json<UnorderedJson>(text, name, "it is damaged; fetch it again");
  const UnorderedJson* records = records_in(json);
  if (!records) return false;
  const std::optional<Split> split = split_by_path(name);
  std::size_t again = 0, contradictions = 0;
  for (const UnorderedJson& entry : *records) {
    std::string file = nfc(text_or_empty(member_or_null(entry, "filename")));
    std::ranges::replace(file, '\\', '/');
    if (file.empty()) continue;
    AihubRecord record = aihub_record_of(entry);
    record.split = split;
    const auto [at, added] = labels.by_stem.emplace(stem_of(file), record);
    if (added) continue;
    AihubRecord& first = at->second;
    const bool same =
        first.uploader == record.uploader && first.votes == record.votes && first.box == record.box;
    ++(same ? again : contradictions);
    first.contradicted |= !same;
  }
  if (again > 0)
    labels.notes.push_back(name + ": " + std::to_string(again) +
                           " records of images that have an equal one already");
  if (contradictions > 0)
    labels.notes.push_back(name + ": " + std::to_string(contradictions) +
                           " records of images of which another record says otherwise; these are left out");
  return true;
}

AihubLabels read_aihub_labels(const FileTree& tree) {
  AihubLabels labels;
  const auto files = tree.named([](const std::string& name) { return extension_of(name) == ".json"; });
  const bool any_named = std::ranges::any_of(files, &TreeFile::named);
  for (const TreeFile* file : files) {
    if (any_named && !file->named) {
      tree.use(*file);
      labels.notes.push_back(file->source + ": not read, another was named with --in");
      continue;
    }
    if (add_aihub_records(tree.text(*file), file->source, labels))
      ++labels.files;
    else
      labels.notes.push_back(file->source + ": a JSON file without records that have a filename; not used");
  }
  return labels;
}

std::string aihub_vote(const std::vector<std::string>& votes, LabelRule rule) {
  for (const std::string& vote : votes) {
    const auto count = static_cast<std::size_t>(std::ranges::count(votes, vote));
    if (rule == LabelRule::unanimous ? count == votes.size() : 2 * count > votes.size()) return vote;
  }
  return "";
}

}  // namespace poster::prepare

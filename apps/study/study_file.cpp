#include "apps/study/study_file.h"

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>

#include "engine/error.h"
#include "io/format/join.h"
#include "io/format/json.h"
#include "io/format/quoted_name.h"

namespace poster::study {
namespace {

constexpr int kMaxSeeds = 1000, kMaxTrials = 10000;
constexpr std::int64_t kMaxEpochs = 1000000;

// Names become folders, and stand in tables.
void check_name(const std::string& name, const std::string& where) {
  const auto fits = [](unsigned char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.';
  };
  if (name.empty() || name.size() > 100 || !std::all_of(name.begin(), name.end(), fits) || name[0] == '.')
    throw Error(where + ": " + io::quoted_name(name) + " is no name; use letters, digits, '-', '_' and '.'");
}

Place read_place(const std::string& name, const Json& json, const std::string& where) {
  check_name(name, where);
  JsonFields fields(json, where + ": data " + io::quoted_name(name));
  Place place{.name = name};
  place.about = fields.text_or("about", "");
  if (fields.any_or_null("sample_faces") == nullptr) {
    place.path = fields.text("path");
    if (place.path.empty()) throw Error(fields.where() + ": \"path\" is empty");
  } else {
    JsonFields drawn(fields.object("sample_faces"), fields.where() + ": sample_faces");
    faces::SampleFacesOptions& options = place.faces.emplace();
    options.per_class = static_cast<int>(drawn.integer("per_class", 3, 1000000));
    options.identities = static_cast<int>(drawn.integer_or("identities", 0, 1000000, options.identities));
    options.seed = static_cast<std::uint64_t>(
        drawn.integer_or("seed", 0, INT64_MAX, static_cast<std::int64_t>(options.seed)));
    options.size = static_cast<int>(drawn.integer_or("size", 32, 4096, options.size));
    options.lower_half = drawn.boolean_or("lower", options.lower_half);
    drawn.finish();
    try {
      faces::plan_sample_faces(options);
    } catch (const Error& e) {
      throw Error(drawn.where() + ": " + e.what());
    }
  }
  fields.finish();
  return place;
}

std::vector<std::uint64_t> read_seeds(const Json& json, const std::string& where) {
  std::vector<std::uint64_t> seeds;
  const auto refuse = [&]() -> void {
    throw Error(where + ": \"seeds\" must be a number of seeds, 1 to " + std::to_string(kMaxSeeds) +
                ", or a list of different ones, [1, 2, 3]");
  };
  if (json.is_number_integer()) {
    const auto count = json.get<std::int64_t>();
    if (count < 1 || count > kMaxSeeds) refuse();
    for (std::int64_t i = 0; i < count; ++i) seeds.push_back(static_cast<std::uint64_t>(i));
    return seeds;
  }
  if (!json.is_array() || json.empty() || json.size() > kMaxSeeds) refuse();
  for (const Json& seed : json) {
    if (!seed.is_number_unsigned()) refuse();
    seeds.push_back(seed.get<std::uint64_t>());
  }
  if (std::set<std::uint64_t>(seeds.begin(), seeds.end()).size() != seeds.size()) refuse();
  return seeds;
}

Claim read_claim(const Json& json, const std::string& where) {
  JsonFields fields(json, where + ": claim");
  Claim claim{.accuracy = fields.number("accuracy", 0, 100),
              .source = fields.text("source"),
              .measured = fields.text("measured")};
  fields.finish();
  return claim;
}

Search read_search(const Json& json, const std::string& where) {
  JsonFields fields(json, where + ": search");
  Search search;
  const std::string method = fields.text("method");
  search.halving = method == "halving";
  if (!search.halving && method != "random")
    throw Error(fields.where() + ": knows no method " + io::quoted_name(method) +
                "; known are random, halving");
  search.trials = static_cast<int>(fields.integer("trials", 1, kMaxTrials));
  search.seed = static_cast<std::uint64_t>(fields.integer_or("seed", 0, INT64_MAX, 0));
  if (search.halving) {
    search.eta = static_cast<int>(fields.integer_or("eta", 2, 1000, search.eta));
    search.min_epochs = static_cast<int>(fields.integer_or("min-epochs", 1, kMaxEpochs, search.min_epochs));
  }
  search.parameters = read_parameters(fields.object("parameters"), fields.where() + ": parameters");
  fields.finish();
  return search;
}

// `mine` over `defaults`, those first.
Json merged(const Json& defaults, const Json& mine) {
  Json both = defaults;
  for (const auto& [key, value] : mine.items()) both[key] = value;
  return both;
}

Experiment read_experiment(const std::string& name, const Json& json, const Json& options,
                           const std::vector<std::uint64_t>& seeds, const Study& study) {
  check_name(name, study.file);
  if (name == "data" || name.starts_with("study.") || name.starts_with("report.") || name == "report_files")
    throw Error(study.file + ": an experiment can't be called " + io::quoted_name(name) +
                ", which stands for something else in the study's folder; give another name");
  Experiment e{
      .name = name, .about = {}, .data = {}, .options = {}, .seeds = seeds, .claim = {}, .search = {}};
  const std::string where = study.where(e);
  JsonFields fields(json, where);
  e.about = fields.text_or("about", "");
  e.data = fields.text("data");
  if (study.place(e.data) == nullptr)
    throw Error(where + ": data " + io::quoted_name(e.data) + " isn't one of the study's: " +
                io::join(study.places, ", ", [](const Place& place) { return place.name; }));
  e.options = fields.any_or_null("options") ? merged(options, fields.object("options")) : options;
  if (const Json* own = fields.any_or_null("seeds")) e.seeds = read_seeds(*own, where);
  if (const Json* claim = fields.any_or_null("claim")) e.claim = read_claim(*claim, where);
  if (const Json* search = fields.any_or_null("search")) e.search = read_search(*search, where);
  fields.finish();
  return e;
}

}  // namespace

const Place* Study::place(const std::string& wanted) const {
  for (const Place& each : places)
    if (each.name == wanted) return &each;
  return nullptr;
}

std::string Study::where(const Experiment& experiment) const {
  return file + ": experiment " + io::quoted_name(experiment.name);
}

Study read_study(const std::filesystem::path& path) {
  const Json json = io::read_json<Json>(path);
  Study study{.file = path.string(), .name = {}, .description = {}, .places = {}, .experiments = {}};
  JsonFields fields(json, study.file);
  study.name = fields.text("name");
  study.description = fields.text("description");
  for (const auto& [name, place] : fields.object("data").items())
    study.places.push_back(read_place(name, place, study.file));
  const Json options = fields.any_or_null("options") ? fields.object("options") : Json::object();
  const Json* own_seeds = fields.any_or_null("seeds");
  const auto seeds = own_seeds ? read_seeds(*own_seeds, study.file) : std::vector<std::uint64_t>{0};
  for (const auto& [name, experiment] : fields.object("experiments").items())
    study.experiments.push_back(read_experiment(name, experiment, options, seeds, study));
  fields.finish();
  if (study.experiments.empty()) throw Error(study.file + ": \"experiments\" is empty; give one or more");
  return study;
}

}  // namespace poster::study

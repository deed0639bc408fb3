#include "apps/study/places.h"

#include <cstdio>
#include <nlohmann/json.hpp>

#include "engine/error.h"
#include "io/console/output.h"
#include "io/data/dataset.h"
#include "io/format/join.h"
#include "io/format/json.h"
#include "io/format/json_writer.h"
#include "io/format/quoted_name.h"
#include "io/run/run_log.h"

namespace poster::study {
namespace {

namespace fs = std::filesystem;

constexpr const char* kRecord = "sample_faces.json";  // what the faces were drawn with

Json to_json(const faces::SampleFacesOptions& o) {
  return {{"per_class", o.per_class},
          {"identities", o.identities},
          {"seed", o.seed},
          {"size", o.size},
          {"lower", o.lower_half}};
}

}  // namespace

Places::Places(const Study& study, const fs::path& folder, const std::vector<std::string>& given)
    : study_(study) {
  for (const Place& place : study.places) {
    drawn_[place.name] = place.faces.has_value();
    paths_[place.name] = place.faces ? (folder / "data" / place.name).string() : place.path;
  }
  for (const std::string& text : given) {
    const std::size_t equals = text.find('=');
    if (equals == std::string::npos || equals == 0 || equals + 1 == text.size())
      throw Error("--data " + text + ": give NAME=PATH, with a name of the study's \"data\"");
    const std::string name = text.substr(0, equals);
    if (!paths_.contains(name))
      throw Error("--data " + text + ": " + study.file + " has no data " + io::quoted_name(name) +
                  "; it has " + io::join(paths_, ", ", [](const auto& each) { return each.first; }));
    paths_[name] = text.substr(equals + 1);
    drawn_[name] = false;
  }
}

bool Places::drawn(const std::string& name) const { return drawn_.at(name); }

bool Places::there(const std::string& name) const {
  std::error_code ignored;
  return fs::exists(path(name), ignored);
}

std::string Places::trouble(const std::string& name) const {
  if (drawn(name) || there(name)) return "";
  const Place& place = *study_.place(name);
  return "data " + io::quoted_name(name) + " isn't there: no " + path(name) +
         "; name where it lies with --data " + name + "=PATH" +
         (place.about.empty() ? "" : ". To get it: " + place.about);
}

void Places::draw(const Place& place, int threads) const {
  const fs::path target = path(place.name), record = target / kRecord;
  const Json wanted = to_json(*place.faces);
  if (fs::exists(target)) {
    const Json there = fs::exists(record) ? io::read_json<Json>(record) : Json();
    if (there == wanted) return;
    throw Error(target.string() + ": was drawn with other options, " + there.dump() + ", than " +
                study_.file + " now says, " + wanted.dump() +
                "; give another --out, or remove that folder and the runs on it");
  }
  // Drawn beside it, then renamed: whatever ends the program, the faces are all there or none.
  const fs::path partial = target.parent_path() / ("." + place.name + ".partial");
  fs::remove_all(partial);
  faces::SampleFacesOptions options = *place.faces;
  options.directory = partial;
  options.threads = threads;
  say("Drawing faces: " + target.string());
  faces::write_sample_faces(options);
  io::write_json(partial / kRecord, wanted);
  fs::rename(partial, target);
}

Json Places::prepare(const std::string& name, int threads) const {
  if (const std::string wrong = trouble(name); !wrong.empty()) throw Error(study_.file + ": " + wrong);
  const Place& place = *study_.place(name);
  if (drawn(name)) draw(place, threads);
  return listing(name);
}

Json Places::listing(const std::string& name) const {
  const Place& place = *study_.place(name);
  Json hashes = Json::object();
  try {
    for (const char* split : {"train", "valid", "test"}) {
      char hash[17];
      std::snprintf(hash, sizeof hash, "%016llx",
                    static_cast<unsigned long long>(io::ImageFolder(path(name), split).listing_hash()));
      hashes[split] = hash;
    }
  } catch (const Error& e) {
    throw Error(study_.file + ": data " + io::quoted_name(name) + ": " + e.what() +
                (place.about.empty() ? "" : ". To get it: " + place.about));
  }
  return hashes;
}

}  // namespace poster::study

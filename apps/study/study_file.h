// A study as its file describes it: docs/studies.md has the format.
#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "apps/study/json_fields.h"
#include "apps/study/search_space.h"
#include "io/sample_faces/sample_faces.h"

namespace poster::study {

// Data, or files of weights, that lie somewhere else on each machine; or faces that the study draws.
struct Place {
  std::string name;
  std::string path = {};   // empty: drawn
  std::string about = {};  // how to get what belongs there
  std::optional<faces::SampleFacesOptions> faces = {};
};

// What was published.
struct Claim {
  double accuracy = 0;  // percent
  std::string source;
  std::string measured;  // on which split, which epoch, how
};

struct Search {
  bool halving = false;  // else random: each trial has all epochs
  int trials = 0;
  std::uint64_t seed = 0;  // of the draws, and of every trial's run
  int eta = 3, min_epochs = 1;
  std::vector<Parameter> parameters = {};
};

struct Experiment {
  std::string name, about;
  std::string data;  // a place's name
  Json options;      // of poster_train, the study's own included
  std::vector<std::uint64_t> seeds;
  std::optional<Claim> claim;
  std::optional<Search> search;
};

struct Study {
  std::string file;  // for messages
  std::string name, description;
  std::vector<Place> places;
  std::vector<Experiment> experiments;

  const Place* place(const std::string& name) const;  // null: none
  // How messages about an experiment begin.
  std::string where(const Experiment& experiment) const;
};

// Checks everything but the options (study_options.h). Throws Error.
Study read_study(const std::filesystem::path& path);

}  // namespace poster::study

// One run of a study: poster_train's folder, with two files more:
//   study-run.json   what the study wants of the run, written before it begins: a run that was begun otherwise
//                    is never mixed with others
//   scores.json      accuracy, macro F1 and loss of the best and the last epoch on valid and on test; or that,
//                    and where, the run diverged. Written last: then the run is done
// Everything that a study knows of its runs it reads from their folders.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "apps/study/json_fields.h"
#include "apps/study/machine.h"
#include "apps/train/train_options.h"

namespace poster::study {

struct StudyRun {
  std::string name;  // "own/seed-1"
  std::filesystem::path folder;
  TrainOptions options;  // with data, out and seed
  Json wanted;           // for study-run.json
  int epochs = 0;        // in all
};

// name and folder are left to the caller.
StudyRun make_run(const Json& options, const std::map<std::string, std::string>& paths,
                  const std::string& data, std::uint64_t seed, const std::string& where);

// Throws Error when the folder holds a run that isn't the one wanted; names the folder, what differs and both
// values. A run of fewer epochs is one that goes on, if its last state is still there. `listing`: of the data
// (Places::prepare), or null: not looked at.
void check_run(const StudyRun& run, const Json& listing);

// Whether it has saved a state to go on from: then it needs no initial weights any more.
bool has_begun(const StudyRun& run);

enum class State { absent, unfinished, diverged, done };
State state_of(const StudyRun& run);

struct Divergence {
  int epoch = 0;
  std::int64_t step = 0;
};
std::optional<Divergence> divergence_of(const StudyRun& run);

// Epochs that are trained and saved; 0: none.
int epochs_done(const StudyRun& run);

// Trains the run to `epochs`, going on with what is there; false: stopped on request, all saved. Whether it
// diverged is written down (divergence_of). Throws Error.
bool train_run(const StudyRun& run, int epochs, const Json& listing, const Machine& machine);

// Evaluates both states on both splits and writes scores.json; false: stopped on request.
bool evaluate_run(const StudyRun& run, const Machine& machine);

constexpr int kStates = 2, kSplits = 2;
inline constexpr std::array<const char*, kStates> kStateNames = {"best", "last"};
inline constexpr std::array<const char*, kSplits> kSplitNames = {"valid", "test"};

struct Score {
  double accuracy = 0, macro_f1 = 0, loss = 0;  // percent; 0..1
};
struct RunScores {
  std::array<int, kStates> epoch{};  // from 0
  std::array<std::array<Score, kSplits>, kStates> score{};
};
// Of a run that is done. Throws Error.
RunScores scores_of(const StudyRun& run);

// Removes checkpoints that a run no longer needs: all but the best; or that one, too.
enum class Keep { best, none };
void remove_checkpoints(const StudyRun& run, Keep keep);

}  // namespace poster::study

#include "apps/study/study.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>

#include "apps/report/report.h"
#include "apps/study/fault_check.h"
#include "apps/study/places.h"
#include "apps/study/plan.h"
#include "apps/study/results.h"
#include "engine/error.h"
#include "io/console/output.h"
#include "io/console/progress.h"
#include "io/console/stop_signal.h"
#include "io/format/atomic_file.h"
#include "io/format/folder_lock.h"
#include "io/format/printable.h"
#include "io/run/run_log.h"

namespace poster::study {
namespace {

class Runner {
 public:
  Runner(const StudyOptions& options, const Study& study, const std::filesystem::path& folder,
         const Places& places, std::vector<PlannedExperiment> plan)
      : options_(options), study_(study), folder_(folder), places_(places), plan_(std::move(plan)) {}

  Ending run() {
    check_everything();
    for (PlannedExperiment& planned : plan_) {
      if (!planned.chosen) continue;
      if (!run_search(planned) || !run_seeds(planned)) return Ending::stopped;
    }
    write();
    if (stop_requested()) return Ending::stopped;
    report();
    bool diverged = false;
    for (const PlannedExperiment& planned : plan_)
      for (const StudyRun& run : planned.runs)
        diverged = diverged || (planned.chosen && state_of(run) == State::diverged);
    return diverged ? Ending::diverged : Ending::done;
  }

 private:
  // Before hours of training: data and weights are there and fit, and what lies in the folder is this
  // study's.
  void check_everything() {
    check_new_runs(study_, places_, options_.machine, plan_, new_run_check_);
    for (const PlannedExperiment& planned : plan_)
      if (planned.chosen && !listings_.contains(planned.experiment->data))
        listings_[planned.experiment->data] =
            places_.prepare(planned.experiment->data, options_.machine.threads);
    check_new_runs(study_, places_, options_.machine, plan_, new_run_check_);  // on data that are drawn now
    for (PlannedExperiment& planned : plan_) {
      const Json listing = listing_of(planned);
      if (planned.search)
        for (const Trial& trial : planned.search->trials) check_run(trial.run, listing);
      update_plan(planned, study_, places_.paths(), folder_);
      for (const StudyRun& run : planned.runs) check_run(run, listing);
    }
  }

  // Those that aren't run this time stand in the tables all the same: their results must not be from other
  // data. Null where there are no data to compare with.
  Json listing_of(const PlannedExperiment& planned) {
    const std::string& data = planned.experiment->data;
    if (const auto known = listings_.find(data); known != listings_.end()) return known->second;
    const bool has_results = std::any_of(planned.runs.begin(), planned.runs.end(),
                                         [](const StudyRun& run) { return state_of(run) == State::done; });
    return has_results && places_.there(data) ? listings_[data] = places_.listing(data) : Json();
  }

  void say(const std::string& line) {
    poster::say("");
    poster::say("== " + line);
  }

  void write() { write_results(folder_, study_, collect_results(plan_)); }

  // Of all runs that are done.
  void report() {
    std::vector<std::filesystem::path> runs;
    for (const PlannedExperiment& planned : plan_)
      for (const StudyRun& run : planned.runs)
        if (state_of(run) == State::done) runs.push_back(run.folder);
    if (!runs.empty())
      write_report(runs, folder_ / "report.html", folder_ / "report.md", {.title = study_.name});
  }

  bool run_search(PlannedExperiment& planned) {
    if (!planned.search) return true;
    TrialSearch& search = *planned.search;
    for (update_plan(planned, study_, places_.paths(), folder_); !search.over();
         update_plan(planned, study_, places_.paths(), folder_)) {
      if (stop_requested()) return false;
      const StudyRun& run = search.trials[static_cast<std::size_t>(search.pending.front())].run;
      say(run.name + ", to epoch " + std::to_string(search.pending_epochs) + ", " +
          std::to_string(search.pending.size()) + " trials to go in this rung");
      if (!train_run(run, search.pending_epochs, listings_.at(planned.experiment->data), options_.machine))
        return false;
      write();
      if (!options_.keep_all) tidy(search);
    }
    if (!options_.keep_all) tidy(search);
    if (search.winner < 0)
      throw Error(study_.where(*planned.experiment) + ": every trial of the search diverged; look at " +
                  (folder_ / planned.experiment->name / "trials.csv").string() +
                  ", and search lower learning rates");
    for (const StudyRun& run : planned.runs) check_run(run, listings_.at(planned.experiment->data));
    return true;
  }

  // What can't be promoted any more needs no checkpoint; metrics.csv has all that counts.
  static void tidy(TrialSearch& search) {
    read_search(search);
    for (const Trial& trial : search.trials)
      if (trial.out || trial.diverged || search.over()) remove_checkpoints(trial.run, Keep::none);
  }

  bool run_seeds(PlannedExperiment& planned) {
    for (const StudyRun& run : planned.runs) {
      if (stop_requested()) return false;
      const State state = state_of(run);
      if (state == State::absent || state == State::unfinished) {
        say(place_in_plan(run) + run.name);
        const auto start = std::chrono::steady_clock::now();
        if (!train_run(run, run.epochs, listings_.at(planned.experiment->data), options_.machine))
          return false;
        if (!divergence_of(run) && !evaluate_run(run, options_.machine)) return false;
        seconds_ += std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
        epochs_ += run.epochs;
        write();
      }
      if (state_of(run) == State::done && !options_.keep_all) remove_checkpoints(run, Keep::best);
    }
    return true;
  }

  // "run 3 of 8, about 12:05 left: ". The time goes by that of an epoch in the runs of this session; a search whose
  // winner isn't known yet, which is said, has no runs to count.
  std::string place_in_plan(const StudyRun& wanted) const {
    std::int64_t number = 0, all = 0, epochs_left = 0;
    bool searches = false;
    for (const PlannedExperiment& planned : plan_) {
      if (!planned.chosen) continue;
      searches = searches || (planned.search && planned.runs.empty());
      for (const StudyRun& run : planned.runs) {
        ++all;
        if (run.folder == wanted.folder) number = all;
        const State state = state_of(run);
        if (state == State::absent || state == State::unfinished) epochs_left += run.epochs;
      }
    }
    std::string text = "run " + std::to_string(number) + " of " + std::to_string(all);
    if (searches) text += " and those of searches that are still to come";
    if (epochs_ > 0)
      text +=
          ", about " +
          io::format_duration(seconds_ / static_cast<double>(epochs_) * static_cast<double>(epochs_left)) +
          " left";
    return text + ": ";
  }

  const StudyOptions& options_;
  const Study& study_;
  const std::filesystem::path folder_;
  const Places& places_;
  std::vector<PlannedExperiment> plan_;
  std::map<std::string, Json> listings_;
  NewRunCheck new_run_check_;
  double seconds_ = 0;  // of runs this time, which had so many epochs
  std::int64_t epochs_ = 0;
};

// Nothing is made: the nearest folder above that is there must take new ones.
void check_can_be_made(const std::filesystem::path& folder) {
  std::error_code ignored;
  std::filesystem::path above = std::filesystem::absolute(folder, ignored);
  while (!std::filesystem::exists(above, ignored) && above.has_relative_path()) above = above.parent_path();
  if (!std::filesystem::is_directory(above, ignored))
    throw Error(folder.string() + ": can't be made, " + above.string() +
                " is no folder; name another with --out");
  if (::access(above.c_str(), W_OK | X_OK) != 0) io::throw_write_error(above, errno);
}

void print_plan(const Study& study, const Places& places, std::vector<PlannedExperiment>& plan,
                const std::filesystem::path& folder) {
  for (PlannedExperiment& planned : plan) update_plan(planned, study, places.paths(), folder);
  poster::say(study.name + ": " + study.description);
  say_text("\nData:\n");
  for (const Place& place : study.places) {
    const std::string wrong = places.trouble(place.name);
    const bool there = std::filesystem::exists(places.path(place.name));
    poster::say("  " + place.name + ": " + std::filesystem::path(places.path(place.name)).string() + " (" +
                (there           ? "there"
                 : wrong.empty() ? "to be drawn"
                                 : "MISSING; " + wrong) +
                ")");
  }
  say_text(plan_text(plan, study, places.paths()));
}

}  // namespace

Ending run_study(const StudyOptions& options) {
  const Study study = read_study(options.file);
  const std::filesystem::path folder =
      options.out.empty() ? std::filesystem::path("runs") / options.file.stem() : options.out;
  const Places places(study, folder, options.data);
  std::vector<PlannedExperiment> plan = make_plan(study, places.paths(), folder, options.only, options.seeds);
  if (options.dry_run) {
    print_plan(study, places, plan, folder);
    NewRunCheck check;
    for (PlannedExperiment& planned : plan)  // what lies elsewhere is said above
      planned.chosen = planned.chosen && lacks_nothing(planned, places);
    check_new_runs(study, places, options.machine, plan, check);
    check_can_be_made(folder);
    return Ending::done;
  }
  const io::FolderLock lock(io::RunFolder::at(folder).path(), "poster_study");
  catch_stop_signals();
  const Ending ending = Runner(options, study, folder, places, std::move(plan)).run();
  if (ending == Ending::stopped)
    poster::say("Stopped on request; the same command goes on.");
  else
    say_text("\nStudy: " + io::escaped((folder / "study.md").string()) +
             ", report: " + io::escaped((folder / "report.html").string()) + "\n");
  return ending;
}

}  // namespace poster::study

// What a run's folder says of the run: at work, or how it ended.
#pragma once

#include <filesystem>
#include <string>

namespace poster {

// As run.json has them.
namespace run_states {
inline constexpr const char* kRunning = "running";
inline constexpr const char* kStopped = "stopped";    // on request, with everything saved
inline constexpr const char* kDiverged = "diverged";  // numbers became infinite or none
inline constexpr const char* kFailed = "failed";      // by an error
inline constexpr const char* kFinished = "finished";
// Never in a file: run.json says "running", but no program is at work in the folder. It was killed.
inline constexpr const char* kInterrupted = "interrupted";
}  // namespace run_states

// `recorded` is what run.json says; "interrupted" in place of "running" where nobody holds the folder's lock.
std::string true_state(const std::filesystem::path& folder, const std::string& recorded);

// Whether run.json says that no checkpoint had been saved when it was written: such a run may begin again.
bool has_saved_nothing(const std::filesystem::path& folder);

// The name of a file that shows that a folder holds something of a run which a new one would overwrite: a
// checkpoint, curves, an evaluation, or the record of a run that has saved something or may go on. Empty:
// none.
std::string trace_of_run(const std::filesystem::path& folder);

}  // namespace poster

#include "io/run/run_state.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <system_error>
#include <vector>

#include "engine/error.h"
#include "io/format/folder_lock.h"
#include "io/format/json.h"

namespace poster {
namespace {

namespace fs = std::filesystem;

// What a run.json says; empty for none, and for one that cannot be read.
struct Recorded {
  std::string state;
  bool saved = true;  // a checkpoint was there when it was written
};

Recorded recorded_in(const fs::path& run_json) {
  try {
    const auto json = io::read_json<nlohmann::json>(run_json);
    const std::string state = json.at("state");
    // Earlier versions wrote "running" at the start alone, and no "saved".
    return {state, json.value("saved", state != run_states::kRunning)};
  } catch (const std::exception&) {
    return {};
  }
}

// A run that ended by an error before it saved anything leaves nothing to be lost.
bool leaves_nothing(const Recorded& run) {
  return !run.saved && (run.state == run_states::kFailed || run.state == run_states::kDiverged);
}

bool belongs_to_a_run(const fs::path& path) {
  const std::string name = path.filename().string();
  const auto begins = [&](const char* start) { return name.starts_with(start); };
  const bool checkpoint =
      (begins("last") || begins("best")) && (name.ends_with(".safetensors") || name.ends_with(".pth"));
  const bool figure =
      (begins("curves") || begins("confusion-")) && (name.ends_with(".png") || name.ends_with(".svg"));
  const bool evaluation = (begins("evaluation-") && name.ends_with(".json")) ||
                          (begins("predictions-") && name.ends_with(".csv"));
  return checkpoint || figure || evaluation || name == "metrics.csv" ||
         (name == "run.json" && !leaves_nothing(recorded_in(path)));
}

}  // namespace

std::string true_state(const fs::path& folder, const std::string& recorded) {
  return recorded == run_states::kRunning && !io::is_locked(folder) ? run_states::kInterrupted : recorded;
}

bool has_saved_nothing(const fs::path& folder) { return !recorded_in(folder / "run.json").saved; }

std::string trace_of_run(const fs::path& folder) {
  std::error_code error;
  std::vector<std::string> traces;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error))
    if (belongs_to_a_run(it->path())) traces.push_back(it->path().filename().string());
  return traces.empty() ? "" : *std::ranges::min_element(traces);
}

}  // namespace poster

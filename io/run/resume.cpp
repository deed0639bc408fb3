#include "io/run/resume.h"

#include <array>
#include <vector>

#include "engine/error.h"
#include "io/console/output.h"

namespace poster {
namespace {

namespace fs = std::filesystem;

// In the order in which they are tried. The best one may be newer than the last (it is saved first); the run
// then does that epoch again and finds the same.
std::array<fs::path, 4> candidates(const fs::path& folder) {
  const fs::path last = folder / "last.safetensors", best = folder / "best.safetensors";
  return {last, io::previous_path(last), best, io::previous_path(best)};
}

bool is_there(const fs::path& path) {
  std::error_code ignored;
  return fs::exists(path, ignored);
}

// Names begin with the time, so the greatest is the newest.
fs::path newest_run() {
  fs::path newest;
  std::error_code error;
  for (fs::directory_iterator it("runs", error), end; !error && it != end; it.increment(error)) {
    bool holds_one = false;
    for (const fs::path& each : candidates(it->path())) holds_one |= is_there(each);
    if (holds_one && it->path().filename() > newest.filename()) newest = it->path();
  }
  return newest;
}

}  // namespace

fs::path resume_folder(const std::string& resume, const std::string& out) {
  if (!out.empty()) return out;
  if (resume.empty()) return {};
  if (resume == "auto") return newest_run();
  const fs::path parent = fs::path(resume).parent_path();
  return parent.empty() ? "." : parent;
}

std::optional<ResumePoint> find_resume_point(const std::string& resume, const fs::path& folder,
                                             const io::TorchOptions& options) {
  if (resume.empty()) return std::nullopt;
  if (resume != "auto") return ResumePoint{resume, std::make_unique<Checkpoint>(resume, options)};
  if (folder.empty()) return std::nullopt;
  std::vector<std::string> troubles;
  for (const fs::path& path : candidates(folder)) {
    if (!is_there(path)) continue;
    try {
      ResumePoint point{path, std::make_unique<Checkpoint>(path)};
      for (const std::string& trouble : troubles) warn(trouble);
      if (path != folder / "last.safetensors") warn("going on from " + path.string());
      return point;
    } catch (const Error& error) {
      troubles.emplace_back(error.what());
    }
  }
  if (!troubles.empty()) throw Error(troubles.front());
  return std::nullopt;
}

}  // namespace poster

#include "apps/train/resume.h"

#include <cstdio>

#include "engine/error.h"

namespace poster {
namespace {

namespace fs = std::filesystem;

constexpr const char* kLast = "last.safetensors";

// Names begin with the time, so the greatest is the newest.
fs::path newest_run() {
  fs::path newest;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator("runs", ignored))
    if (fs::exists(entry.path() / kLast) && entry.path().filename() > newest.filename())
      newest = entry.path();
  return newest;
}

ResumePoint open(const fs::path& path, const io::TorchOptions& options = {}) {
  return {path, std::make_unique<Checkpoint>(path, options)};
}

}  // namespace

std::optional<ResumePoint> find_resume_point(const std::string& resume, const std::string& out,
                                             const io::TorchOptions& options) {
  if (resume.empty()) return std::nullopt;
  if (resume != "auto") return open(resume, options);
  const fs::path folder = out.empty() ? newest_run() : fs::path(out);
  if (folder.empty()) return std::nullopt;
  const fs::path last = folder / kLast, previous = io::previous_path(last);
  if (!fs::exists(last) && !fs::exists(previous)) return std::nullopt;
  try {
    return open(last);
  } catch (const Error& e) {
    if (!fs::exists(previous)) throw;
    std::fprintf(stderr, "poster_train: %s; going on from %s\n", e.what(), previous.string().c_str());
    return open(previous);
  }
}

}  // namespace poster

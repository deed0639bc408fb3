// Finding the checkpoint to go on from.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "apps/checkpoint/checkpoint.h"

namespace poster {

struct ResumePoint {
  std::filesystem::path path;
  std::unique_ptr<Checkpoint> checkpoint;
};

// `resume` is a path or "auto": the last checkpoint in `out`, or in the newest folder of runs/ when out is
// empty; the one before it when the last is damaged; nothing when there is none. Throws Error for a path that
// cannot be used.
std::optional<ResumePoint> find_resume_point(const std::string& resume, const std::string& out,
                                             const io::TorchOptions& options = {});

}  // namespace poster

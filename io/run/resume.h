// Finding the checkpoint to go on from.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "io/checkpoint/checkpoint.h"

namespace poster {

struct ResumePoint {
  std::filesystem::path path;
  std::unique_ptr<Checkpoint> checkpoint;
};

// The folder that a run goes on in: `out` where it is given, else that of the checkpoint `resume`, or the
// newest run in runs/ when it is "auto". Empty where there is none.
std::filesystem::path resume_folder(const std::string& resume, const std::string& out);

// `resume` is a path or "auto": the last checkpoint in `folder`; when that is damaged or gone the one before
// it, then the best one; nothing when there is none. Says on standard error which one was passed over and
// why. Throws Error for a path that cannot be used, and when none of those that are there can.
std::optional<ResumePoint> find_resume_point(const std::string& resume, const std::filesystem::path& folder,
                                             const io::TorchOptions& options = {});

}  // namespace poster

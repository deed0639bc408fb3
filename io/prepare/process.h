// Runs every planned image through ImageStep, on several threads, into the workspace.
#pragma once

#include <functional>
#include <unordered_map>

#include "io/prepare/image_step.h"
#include "io/prepare/plan.h"
#include "io/prepare/workspace.h"

namespace poster::prepare {

struct Processing {
  std::unordered_map<std::uint64_t, Record> records;  // one for each planned item
  std::size_t processed = 0, kept = 0;
};

// What an earlier run did, and the workspace still holds, is kept. Unreadable images are tried again.
// Throws poster::Error: the first by the plan's order.
Processing process_images(const FileTree& tree, const Plan& plan, const ImageOptions& options,
                          const io::ViewMaker& views, const Workspace& workspace, int threads,
                          const std::function<void(std::size_t, std::size_t)>& progress);

}  // namespace poster::prepare

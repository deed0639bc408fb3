// Images that an earlier run has prepared already, and what both runs together did to them.
#pragma once

#include <optional>
#include <vector>

#include "io/face/preparation.h"
#include "io/prepare/file_tree.h"
#include "io/prepare/plan.h"
#include "io/prepare/prepare.h"

namespace poster::prepare {

// What the nearest preparation.json above the images says; nothing where there is none, or where they agree
// in the view alone. Throws poster::Error when some were made with another view than others.
std::optional<io::Preparation> earlier_preparation(const FileTree& tree,
                                                   const std::vector<PlannedItem>& items);

// What the images will have been through. Throws poster::Error for a second cut.
io::Preparation preparation_of(const PrepareOptions& options, const std::optional<io::Preparation>& earlier);

}  // namespace poster::prepare

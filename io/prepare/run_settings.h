// Options as they are meant once the set is known, and as a later run compares them.
#pragma once

#include <vector>

#include "io/prepare/plan.h"
#include "io/prepare/prepare.h"
#include "io/prepare/workspace.h"

namespace poster::prepare {

// Fills in what the set decides: faces, split, margin. Throws poster::Error for options that can't be met.
PrepareOptions resolved(const PrepareOptions& options, const SourceSet& set, const std::vector<Item>& items);

// As records have it: "none", "set", "detect", "set, or detect".
const char* name_of(Faces faces);

// Everything that the output depends on, by option name.
Settings settings_of(const PrepareOptions& options, const ClassMap& map, const Plan& plan);

}  // namespace poster::prepare

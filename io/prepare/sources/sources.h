// How each set is listed; facts about them are in each source file. All throw poster::Error with
// throw_unexpected_tree() when the tree isn't the set's.
#pragma once

#include "io/prepare/source_set.h"

namespace poster::prepare {

Collection collect_aihub(const FileTree& tree, const SourceOptions& options);
Collection collect_raf_db(const FileTree& tree, const SourceOptions& options);
Collection collect_affectnet(const FileTree& tree, const SourceOptions& options);
Collection collect_ferplus(const FileTree& tree, const SourceOptions& options);
Collection collect_caer_s(const FileTree& tree, const SourceOptions& options);
Collection collect_kdef(const FileTree& tree, const SourceOptions& options);
Collection collect_jaffe(const FileTree& tree, const SourceOptions& options);
Collection collect_emohevrdb(const FileTree& tree, const SourceOptions& options);
Collection collect_csv(const FileTree& tree, const SourceOptions& options);
Collection collect_folder(const FileTree& tree, const SourceOptions& options);

}  // namespace poster::prepare

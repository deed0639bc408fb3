// Paths below the output folder. What .prepare holds may come from a stranger, and so may links in the
// folder: nothing outside of it is read as ours, moved, written or removed, whatever they say.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace poster::prepare {

// Whether a text names an image as this program writes it: SPLIT/CLASS/NAME.jpg or .png, below the folder.
bool is_output_image(const std::string& relative);

// The file below `root`; nothing when a folder on the way, or the file itself, is a link or no folder or
// file, or when the path leads out. A file that isn't there yet is fine.
std::optional<std::filesystem::path> path_within(const std::filesystem::path& root,
                                                 const std::string& relative);

// The same for what will be written. Throws poster::Error that names what is in the way.
std::filesystem::path place_within(const std::filesystem::path& root, const std::string& relative);

// Creates the folder below `root` ("" is root itself, which may be a link). Throws poster::Error.
void create_folder_within(const std::filesystem::path& root, const std::string& relative);

// Writes the file unless it has this content already, so that a run that changes nothing touches nothing.
void write_if_different(const std::filesystem::path& root, const std::string& relative,
                        std::string_view content);

// Removes the file if there is one. Throws poster::Error when it can't be removed.
void remove_within(const std::filesystem::path& root, const std::string& relative);

// A new file of this content, which replaces whatever has the name, and syncs nothing.
void write_new_file(const std::filesystem::path& path, const std::vector<std::uint8_t>& bytes);

// Renames, within one folder tree. Throws poster::Error.
void move_file(const std::filesystem::path& from, const std::filesystem::path& to);

}  // namespace poster::prepare

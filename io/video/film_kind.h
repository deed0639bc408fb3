// Which files are films.
#pragma once

#include <cstddef>
#include <span>
#include <string>

namespace poster::io {

// By its content, whatever its name. Films: MP4 and QuickTime (.mov, .m4v, .3gp), Matroska and WebM, AVI,
// MPEG (.mpg, .ts), Flash, Ogg, Windows Media, and some less usual containers.
enum class ContentKind { image, film, other };
ContentKind content_kind(std::span<const std::byte> beginning);
// The same of a file; `other` for one that cannot be read.
ContentKind content_kind(const std::string& path);

// Whether the name ends as films' do, in any case; folders are searched by that.
bool has_film_extension(const std::string& name);

namespace film_kind {
// FFmpeg's names of the containers that are opened: each keeps all it holds in one file.
extern const char* const kContainers;
}  // namespace film_kind

}  // namespace poster::io

// A document as GitHub's Markdown, with its images as files: they are too heavy to stand in the text, and
// GitHub shows none that do.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "apps/report/document.h"

namespace poster {

struct Markdown {
  std::string text;
  std::vector<std::pair<std::string, std::string>> files;  // name, bytes: go into the folder
};

// `folder`: where the images will be, as seen from the Markdown file.
Markdown markdown_of(const Document& document, const std::string& folder);

}  // namespace poster

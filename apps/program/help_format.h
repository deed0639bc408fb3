// How --help looks: options on the left, what they do beside them, wrapped to the terminal's width.
#pragma once

#include <memory>
#include <string>

namespace CLI {
class FormatterBase;
}

namespace poster {

// `text` in lines of at most `width` columns, broken at spaces; all but the first begin with `indent` spaces. A
// word that is longer than a line stays whole, and so do line breaks.
std::string wrapped(const std::string& text, std::size_t width, std::size_t indent);

// Columns of the terminal that standard output is, from 60 to 160; 120 where it is none.
std::size_t help_width();

std::shared_ptr<CLI::FormatterBase> make_help_format();

}  // namespace poster

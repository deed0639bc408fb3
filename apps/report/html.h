// A document as one HTML file that needs nothing else: style and images are in it, there is no script, and
// it forbids itself the network. It is well-formed XML too.
#pragma once

#include <string>

#include "apps/report/document.h"

namespace poster {

std::string html_of(const Document& document);

}  // namespace poster

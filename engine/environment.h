// The environment variables that change how this program computes (kernels/environment.h: the table of all).
#pragma once

namespace poster {

// Throws poster::Error for one of the table whose value means nothing: none of its words, or a folder that isn't there. A name
// that is spelled wrongly would go unnoticed.
void check_environment();

}  // namespace poster

// What `poster_predict --demo` looks at and with: a drawn face and a small trained network, which come with
// the program (scripts/make_demo.sh makes them).
#pragma once

#include <string>

namespace poster {

struct DemoFiles {
  std::string checkpoint, face;
};

// Beside the program: in ../share/poster/demo, seen from its folder, in a build as where it was installed.
// Throws Error where they aren't there.
DemoFiles demo_files();

}  // namespace poster

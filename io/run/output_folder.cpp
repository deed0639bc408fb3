#include "io/run/output_folder.h"

#include "engine/error.h"

namespace poster {

namespace fs = std::filesystem;

void check_not_data(const fs::path& folder, const Settings& settings) {
  std::error_code error;
  const fs::path out = fs::weakly_canonical(folder, error);
  for (const char* split : {"train", "valid", "test"}) {
    const fs::path below =
        out.lexically_relative(fs::weakly_canonical(fs::path(settings.data) / split, error));
    if (!below.empty() && *below.begin() != "..")
      throw Error(folder.string() + ": lies among the images of " + settings.data +
                  "; name another folder with --out");
  }
}

}  // namespace poster

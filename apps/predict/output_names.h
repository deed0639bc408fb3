// Names of the files that poster_predict writes: of two inputs none has the other's, and no file that is
// there is overwritten.
#pragma once

#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace poster {

class OutputNames {
 public:
  // Folders that are there; empty ones are none. Throws Error for one that cannot be listed.
  explicit OutputNames(const std::vector<std::filesystem::path>& folders);

  // For an image a/b.jpg "a_b"; when an earlier input, or a file that was there, has that name, "a_b-2" and
  // so on. Files may be called NAME with any extension, and NAME-frame-000012, NAME-face-3,
  // NAME-frame-000012-face-3.
  std::string name_of(const std::string& path);

  // Whether a file of an earlier run has taken a name that would have been given.
  bool met_earlier_files() const { return met_earlier_; }

 private:
  std::set<std::string> taken_, earlier_;
  std::map<std::string, int> last_number_;
  bool met_earlier_ = false;
};

}  // namespace poster

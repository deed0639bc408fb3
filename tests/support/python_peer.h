// Other people's Python packages as judges: POSTER_PYTHON, or else python3, where it has them.
#pragma once

#include <sys/wait.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "kernels/environment.h"
#include "tests/support/temporary_folder.h"

namespace poster::test {

class PythonPeer {
 public:
  explicit PythonPeer(const std::vector<std::string>& packages) {
    const char* const named = environment(Variable::python);
    python_ = named != nullptr ? named : "python3";
    std::string wanted, test = "import importlib.util as u, sys; sys.exit(not (True";
    for (const std::string& package : packages) {
      test += " and u.find_spec('" + package + "')";
      wanted += (wanted.empty() ? "" : " and ") + package;
    }
    const TemporaryFolder folder;
    ready_ = run(test + "))", folder.path()).first;
    why_ = python_ + " has no " + wanted + ": set POSTER_PYTHON to a Python that has";
  }
  bool ready() const { return ready_; }
  const std::string& why() const { return why_; }

  // Whether the script ended well in that folder, and what it printed.
  std::pair<bool, std::string> run(const std::string& script, const std::filesystem::path& folder,
                                   const std::string& argument = "") const {
    write_file(folder / "script.py", script);
    const std::string command =
        "cd '" + folder.string() + "' && '" + python_ + "' script.py '" + argument + "' >log 2>&1";
    const int status = std::system(command.c_str());
    return {WIFEXITED(status) && WEXITSTATUS(status) == 0, read_file(folder / "log")};
  }

 private:
  std::string python_, why_;
  bool ready_ = false;
};

}  // namespace poster::test

// poster_train on a few drawn faces, for tests of whole runs.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>

#include "tests/support/program.h"

namespace poster::test {

class TrainTest : public ProgramTest {
 protected:
  // `per_class` faces of each of the seven classes; half of them are for training.
  explicit TrainTest(int per_class = 4) : ProgramTest("poster_train"), root_(folder_.path()) {
    make_once("faces", "poster_samples",
              "--out faces --per-class " + std::to_string(per_class) + " --size 64 --seed 1");
  }

  static std::string flags(const std::string& out, const std::string& more = "") {
    return "--data faces --model poster-v2-tiny --recipe plain --rho 0 --batch-size 4 --epochs 1 --lr 1e-3 "
           "--workers 1 --print-freq 1 --out " +
           out + " " + more;
  }
  void train_once(const std::string& out, const std::string& more = "") const {
    make_once(out, "poster_train", flags(out, more));
  }
  std::string text(const std::string& path) const { return read_file(root_ / path); }
  nlohmann::json json(const std::string& path) const { return nlohmann::json::parse(text(path)); }
  std::string state(const std::string& run) const { return json(run + "/run.json").at("state"); }
  static bool holds(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
  }
  // Before the program: stops it by a signal when its log has a line that holds `pattern` (of grep).
  static std::string signal_when(const std::string& signal, const std::string& pattern,
                                 const std::string& run) {
    return "sh -c '\"$0\" \"$@\" & pid=$!; until grep -q \"" + pattern + "\" " + run +
           "/log.txt 2>/dev/null; do sleep 0.01; done; kill -" + signal + " $pid; wait $pid'";
  }

  std::filesystem::path root_;
};

}  // namespace poster::test

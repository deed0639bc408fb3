#include "io/checkpoint/class_names.h"

#include <set>

#include "engine/error.h"
#include "io/format/join.h"
#include "io/format/printable.h"
#include "io/format/utf8.h"

namespace poster {
namespace {

std::string join(const std::vector<std::string>& names) { return io::join(names, ", ", io::printable); }

void check(const std::vector<std::string>& given, std::int64_t outputs, const std::string& option) {
  if (std::ssize(given) != outputs)
    throw Error(option + ": " + std::to_string(given.size()) + " class names (" + join(given) +
                ") for a network of " + std::to_string(outputs) +
                " outputs; give one name for each output, in their order");
  std::set<std::string> seen;
  for (const std::string& name : given) {
    if (name.empty()) throw Error(option + ": a class name is empty; give one name for each output");
    if (!io::is_utf8(name))
      throw Error(option + ": the class name " + io::printable(name) + " is not UTF-8; give it in UTF-8");
    if (!seen.insert(name).second)
      throw Error(option + ": two classes are called '" + io::printable(name) +
                  "'; give each output a name of its own");
  }
}

}  // namespace

std::vector<std::string> output_names(const std::string& file, const std::vector<std::string>& own,
                                      std::int64_t outputs, const std::vector<std::string>& given,
                                      bool rename, const std::string& option) {
  if (given.empty()) return own;
  check(given, outputs, option);
  if (!own.empty() && given != own && !rename)
    throw Error(option + ": " + file + " names its outputs " + join(own) + ", not " + join(given) +
                "; leave the names out, or insist on others (--rename-classes)");
  return given;
}

std::vector<std::string> output_names(const Checkpoint& checkpoint, const std::vector<std::string>& given,
                                      bool rename, const std::string& option) {
  return output_names(checkpoint.path().string(),
                      checkpoint.settings() ? checkpoint.settings()->classes : std::vector<std::string>{},
                      checkpoint.outputs(), given, rename, option);
}

}  // namespace poster

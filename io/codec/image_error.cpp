#include "io/codec/image_error.h"

#include "engine/error.h"
#include "io/format/printable.h"

namespace poster::io {

void throw_cut_off(const std::string& name, std::string_view format, std::size_t bytes) {
  throw Error(name + ": the " + std::string(format) + " file ends early (" + std::to_string(bytes) +
              " bytes); fetch or export it again, or delete it");
}

void throw_damaged(const std::string& name, std::string_view format, std::string_view what) {
  // What libraries say may quote the file.
  throw Error(name + ": damaged " + std::string(format) + " file (" + printable(std::string(what)) +
              "); fetch or export it again, or delete it");
}

void throw_unsupported(const std::string& name, std::string_view kind, std::string_view remedy) {
  throw Error(name + ": " + std::string(kind) + " is not supported; " + std::string(remedy));
}

void throw_unsupported_samples(const std::string& name, std::string_view samples) {
  throw Error(name + ": " + std::string(samples) + " are not supported; convert it to 8 or 16 bits");
}

}  // namespace poster::io

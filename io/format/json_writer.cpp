#include "io/format/json_writer.h"

#include <nlohmann/json.hpp>

#include "io/format/atomic_file.h"

namespace poster::io {

void write_json(const std::filesystem::path& path, const nlohmann::ordered_json& value) {
  using nlohmann::ordered_json;
  write_file_atomically(path, value.dump(2, ' ', false, ordered_json::error_handler_t::replace) + "\n");
}

}  // namespace poster::io

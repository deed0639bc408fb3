#include <bit>
#include <nlohmann/json.hpp>

#include "engine/error.h"
#include "io/format/quoted_name.h"
#include "io/weights/safetensors.h"
#include "io/weights/safetensors_format.h"

namespace poster::io {
namespace {

using namespace safetensors_format;

static_assert(std::endian::native == std::endian::little, "tensors are written as they lie in memory");

std::string json_text(const std::string& text, const std::filesystem::path& path) {
  try {
    return nlohmann::json(text).dump();
  } catch (const nlohmann::json::exception&) {
    throw Error(path.string() + ": the name or text " + quoted_name(text) + " is not UTF-8, rename it");
  }
}

}  // namespace

void write_safetensors(const std::filesystem::path& path, const std::map<std::string, std::string>& metadata,
                       std::span<const TensorToWrite> tensors, KeepPrevious keep_previous) {
  std::map<std::string, TensorView, std::less<>> by_name;
  std::string entries;
  std::uint64_t offset = 0;
  for (const TensorToWrite& tensor : tensors) {
    const auto size = byte_size(tensor.dtype, tensor.shape);
    if (!size)
      throw Error(path.string() + ": tensor " + quoted_name(tensor.name) + " has the impossible shape " +
                  describe(tensor.shape));
    const TensorView view{tensor.dtype,
                          tensor.shape,
                          {static_cast<const std::byte*>(tensor.data), static_cast<std::size_t>(*size)}};
    if (tensor.name == kMetadataKey || !by_name.emplace(tensor.name, view).second)
      throw Error(path.string() + ": the tensor name " + quoted_name(tensor.name) +
                  " is taken, choose another");
    entries.append(",").append(json_text(tensor.name, path));
    entries.append(":{\"dtype\":\"").append(name_of(tensor.dtype)).append("\",\"shape\":[");
    for (std::size_t i = 0; i < tensor.shape.size(); ++i)
      entries.append(i ? "," : "").append(std::to_string(tensor.shape[i]));
    entries.append("],\"data_offsets\":[").append(std::to_string(offset)).append(",");
    entries.append(std::to_string(offset + *size)).append("]}");
    offset += *size;
  }

  auto all_metadata = metadata;
  all_metadata[kChecksumKey] = checksum(metadata, by_name);
  std::string header = "{\"";
  header.append(kMetadataKey).append("\":{");
  bool first = true;
  for (const auto& [key, value] : all_metadata) {
    header.append(first ? "" : ",").append(json_text(key, path)).append(":").append(json_text(value, path));
    first = false;
  }
  header.append("}").append(entries).append("}");
  header.resize((header.size() + 7) / 8 * 8, ' ');
  if (header.size() > kMaxHeader)
    throw Error(path.string() + ": the header would be larger than 100 MB, shorten the metadata");

  write_file_atomically(
      path,
      [&](AtomicFileSink& sink) {
        const std::uint64_t length = header.size();
        sink.write(&length, sizeof length);
        sink.write(header);
        for (const TensorToWrite& tensor : tensors)
          sink.write(tensor.data, by_name.find(tensor.name)->second.bytes.size());
      },
      keep_previous);
}

}  // namespace poster::io

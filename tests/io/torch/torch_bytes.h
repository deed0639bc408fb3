// PyTorch files made by hand in memory, right and wrong ones.
#pragma once

#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "io/torch/torch_file.h"
#include "io/torch/zip_checksum.h"
#include "io/torch/zip_writer.h"

namespace poster::test {

using namespace std::string_literals;

inline std::span<const std::byte> bytes_of(const std::string& text) { return std::as_bytes(std::span(text)); }

template <typename T>
std::string little_endian(T value) {
  return {reinterpret_cast<const char*>(&value), sizeof value};
}

// Pieces of pickles, by what they leave on the stack.
inline std::string text(const std::string& text) {
  return "X" + little_endian(static_cast<std::uint32_t>(text.size())) + text;
}
inline std::string number(std::int64_t value) { return "\x8a\x08" + little_endian(value); }
inline std::string global(const std::string& module, const std::string& name) {
  return "c" + module + "\n" + name + "\n";
}
inline std::string tuple(const std::vector<std::string>& items) {
  std::string bytes = "(";
  for (const std::string& item : items) bytes += item;
  return bytes + "t";
}
inline std::string numbers(const std::vector<std::int64_t>& values) {
  std::vector<std::string> items;
  for (const std::int64_t value : values) items.push_back(number(value));
  return tuple(items);
}
inline std::string call(const std::string& callable, const std::vector<std::string>& arguments) {
  return callable + tuple(arguments) + "R";
}
inline std::string dict(const std::vector<std::pair<std::string, std::string>>& entries) {
  std::string bytes = "}(";
  for (const auto& [key, value] : entries) bytes += text(key) + value;
  return bytes + "u";
}
inline std::string storage(const std::string& type, const std::string& key, std::int64_t count) {
  return tuple({text("storage"), global("torch", type), text(key), text("cpu"), number(count)}) + "Q";
}
inline std::string tensor(const std::string& storage, std::int64_t offset,
                          const std::vector<std::int64_t>& shape, const std::vector<std::int64_t>& strides) {
  return call(global("torch._utils", "_rebuild_tensor_v2"),
              {storage, number(offset), numbers(shape), numbers(strides), "\x89",
               call(global("collections", "OrderedDict"), {})});
}
inline std::string pickle(const std::string& value) { return "\x80\x02" + value + "."; }

using Entries = std::vector<std::pair<std::string, std::string>>;

inline std::string zip_bytes(const Entries& entries) {
  std::string bytes;
  io::ZipWriter writer([&](std::span<const std::byte> part) {
    bytes.append(reinterpret_cast<const char*>(part.data()), part.size());
  });
  for (const auto& [name, content] : entries)
    writer.add(name, bytes_of(content), io::crc32_of(bytes_of(content)));
  writer.finish();
  return bytes;
}
// A zip checkpoint of that value and storages by key.
inline std::string torch_zip(const std::string& value, const Entries& storages = {}) {
  Entries entries{{"a/data.pkl", pickle(value)}};
  for (const auto& [key, content] : storages) entries.emplace_back("a/data/" + key, content);
  entries.emplace_back("a/version", "3\n");
  return zip_bytes(entries);
}
// A legacy checkpoint: what stands behind the object's pickle is given.
inline std::string torch_legacy(const std::string& value, const std::string& keys,
                                const std::string& storages,
                                const std::string& system = dict({{"little_endian", "\x88"}})) {
  return pickle("\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19") + pickle("M\xe9\x03") + pickle(system) +
         pickle(value) + pickle(keys) + storages;
}

inline io::TorchFile open(const std::string& bytes, bool ignore_unsafe = false) {
  return io::TorchFile(bytes_of(bytes), "hand.pth", {.ignore_unsafe = ignore_unsafe});
}
// What opening and reading everything throws; "" when it goes well.
inline std::string error_of_file(const std::string& bytes, bool ignore_unsafe = false) {
  try {
    const io::TorchFile file = open(bytes, ignore_unsafe);
    for (std::size_t i = 0; i < file.tensors().size(); ++i) file.read(i);
    describe(file.root());
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

}  // namespace poster::test

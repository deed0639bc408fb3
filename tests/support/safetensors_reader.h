// Reads the tensors of a safetensors file that holds expected results: no checks, tests alone.
#pragma once

#include <cstdint>
#include <cstring>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <vector>

namespace poster::test {

class SafetensorsReader {
 public:
  explicit SafetensorsReader(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    bytes_.assign(std::istreambuf_iterator<char>(file), {});
    if (bytes_.size() < 8) throw std::runtime_error(path + ": cannot be read");
    std::uint64_t length = 0;
    std::memcpy(&length, bytes_.data(), 8);
    header_ = nlohmann::json::parse(bytes_.begin() + 8, bytes_.begin() + 8 + length);
    start_ = 8 + length;
  }

  bool has(const std::string& name) const { return header_.contains(name); }
  std::vector<std::int64_t> shape(const std::string& name) const { return header_.at(name).at("shape"); }

  template <typename T>
  std::vector<T> values(const std::string& name) const {
    const auto& range = header_.at(name).at("data_offsets");
    const std::size_t begin = range.at(0), end = range.at(1);
    std::vector<T> values((end - begin) / sizeof(T));
    std::memcpy(values.data(), bytes_.data() + start_ + begin, end - begin);
    return values;
  }

 private:
  std::vector<char> bytes_;
  nlohmann::json header_;
  std::size_t start_ = 0;
};

}  // namespace poster::test

// Writes small ONNX models (onnx.proto of the ONNX project, IR version 7, opset 11), to test what loads them.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

namespace poster::test {

class OnnxWriter {
 public:
  void add_input(const std::string& name, const std::vector<std::int64_t>& shape) {
    graph_ += field(11, value_info(name, shape));
  }
  void add_output(const std::string& name, const std::vector<std::int64_t>& shape) {
    graph_ += field(12, value_info(name, shape));
  }
  void add_floats(const std::string& name, const std::vector<std::int64_t>& shape,
                  const std::vector<float>& values) {
    add_tensor(name, shape, 1, values.data(), values.size() * sizeof(float));
  }
  void add_integers(const std::string& name, const std::vector<std::int64_t>& values) {
    add_tensor(name, {static_cast<std::int64_t>(values.size())}, 7, values.data(),
               values.size() * sizeof(std::int64_t));
  }
  // kernel: the attribute kernel_shape; left out when empty.
  void add_node(const std::string& op, const std::vector<std::string>& inputs, const std::string& output,
                const std::vector<std::int64_t>& kernel = {}) {
    std::string node, sides;
    for (const std::string& input : inputs) node += field(1, input);
    node += field(2, output) + field(3, output) + field(4, op);
    for (const std::int64_t side : kernel) sides += number(8, side);
    if (!kernel.empty()) node += field(5, field(1, "kernel_shape") + sides + number(20, 7));
    nodes_ += field(1, node);
  }

  std::vector<std::uint8_t> bytes() const {
    const std::string opset = number(2, 11);
    const std::string model = number(1, 7) + field(7, nodes_ + field(2, "graph") + graph_) + field(8, opset);
    return {model.begin(), model.end()};
  }

 private:
  static std::string varint(std::uint64_t value) {
    std::string text;
    for (; value >= 128; value >>= 7) text += static_cast<char>((value & 127) | 128);
    return text + static_cast<char>(value);
  }
  static std::string number(int tag, std::int64_t value) {
    return varint(static_cast<std::uint64_t>(tag) << 3) + varint(static_cast<std::uint64_t>(value));
  }
  static std::string field(int tag, const std::string& content) {
    return varint((static_cast<std::uint64_t>(tag) << 3) | 2) + varint(content.size()) + content;
  }
  static std::string value_info(const std::string& name, const std::vector<std::int64_t>& shape) {
    std::string dimensions;
    for (const std::int64_t size : shape) dimensions += field(1, number(1, size));
    return field(1, name) + field(2, field(1, number(1, 1) + field(2, dimensions)));
  }
  void add_tensor(const std::string& name, const std::vector<std::int64_t>& shape, int type,
                  const void* values, std::size_t size) {
    std::string tensor, raw(size, '\0');
    std::memcpy(raw.data(), values, size);
    for (const std::int64_t side : shape) tensor += number(1, side);
    graph_ += field(5, tensor + number(2, type) + field(8, name) + field(9, raw));
  }

  std::string nodes_, graph_;
};

}  // namespace poster::test

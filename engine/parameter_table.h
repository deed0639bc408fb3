// The table from which parameters are laid out: one row for each tensor of the state dict, in PyTorch's
// order, with its name, PyTorch shape, role, inner layout and initialiser. Layers add their rows when they
// are built.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace poster {

enum class Role {
  trained,    // has a gradient and is moved by the optimizer
  frozen,     // used, never moved
  statistic,  // running mean or variance of a batch norm
  dead,       // in the reference's state dict, used by nothing: carried along on the host
  counter,    // int64 scalar: num_batches_tracked
  constant,   // int64, a function of the shape: relative_position_index
};

// How a tensor lies in memory inside; PyTorch's own layout at the border.
enum class Layout {
  plain,      // as in PyTorch
  conv,       // [O, I, kH, kW] outside, [O, kH, kW, I] inside; [O, I, k] outside, [O, k, I] inside
  depthwise,  // [C, 1, kH, kW] outside, [kH, kW, C] inside
};

struct Initialiser {
  enum class Kind { constant, uniform, normal, truncated_normal } kind = Kind::constant;
  double value = 0;  // the constant, the bound of the uniform, or the standard deviation

  static Initialiser constant(double c) { return {Kind::constant, c}; }
  // PyTorch's default for weights and biases of convolutions and linear layers (Kaiming uniform, a = √5).
  static Initialiser default_for_fan_in(double fan_in);
  // Kaiming normal, fan-out, gain √2.
  static Initialiser kaiming_normal(double fan_out);
  static Initialiser truncated_normal(double sigma) { return {Kind::truncated_normal, sigma}; }
};

// A row of a table; empty for a tensor that a layer doesn't have.
class ParameterId {
 public:
  constexpr ParameterId() = default;
  template <std::integral I>
  constexpr explicit ParameterId(I row) : row_(static_cast<std::int64_t>(row)) {}

  constexpr explicit operator bool() const { return row_ >= 0; }
  constexpr std::size_t row() const { return static_cast<std::size_t>(row_); }

 private:
  std::int64_t row_ = -1;
};

struct ParameterSpec {
  std::string name;
  std::vector<std::int64_t> shape;
  Role role = Role::trained;
  Layout layout = Layout::plain;
  Initialiser initialiser;
  // Read as an operand of products and convolutions alone (Context::weight): where these take 16 bits, training
  // keeps no float copy of it beside the one that the optimizer moves.
  bool product_operand = false;

  std::int64_t count() const;
};

class ParameterTable {
 public:
  ParameterId add(ParameterSpec spec);  // names must be unique
  const std::vector<ParameterSpec>& specs() const { return specs_; }
  const ParameterSpec& operator[](ParameterId id) const { return specs_[id.row()]; }

 private:
  std::vector<ParameterSpec> specs_;
};

}  // namespace poster

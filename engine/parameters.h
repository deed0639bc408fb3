// The parameters of one network in flat arrays, laid out once from its table:
//
//   compute   trained | frozen | statistics: what forward and backward read (where there is `rounded`, the
//             trained operands of products come first: these are read there alone)
//   master    trained: the weights that the optimizer moves (SAM's ascent changes compute alone)
//   rounded   compute in 16 bits, for products of matrices and convolutions; where it is asked for
//   gradient, moment1, moment2   trained
//
// The arrays for training exist only after prepare_training(). Dead tensors, counters and constants live on
// the host.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "engine/device.h"
#include "engine/named_tensor.h"
#include "engine/parameter_table.h"
#include "kernels/half.h"

namespace poster {

template <typename T>
class Parameters {
 public:
  struct Options {
    bool rounded = false;  // has `rounded`
    // Without dead tensors what is set of them is forgotten and state_dict() is not to be had.
    bool keep_dead = true;
  };
  Parameters(Device& device, const ParameterTable& table, const Options& options);
  Parameters(Device& device, const ParameterTable& table) : Parameters(device, table, Options{}) {}

  const ParameterTable& table() const { return table_; }
  std::int64_t trained_count() const { return trained_count_; }
  // The first so many trained ones are read in 16 bits alone: an update leaves them in compute as they were.
  std::int64_t rounded_alone_count() const { return rounded_alone_count_; }

  // In compute and rounded; null for an empty id. Throws Error for what is not trained, frozen or a
  // statistic: it lies on the host; and value() for what has but a rounded value.
  T* value(ParameterId id) const;
  Half* rounded_value(ParameterId id) const { return id ? rounded() + offset_in_compute(id) : nullptr; }
  // Null for an empty id, before prepare_training() and for what is not trained.
  T* gradient(ParameterId id) const;
  std::int64_t& counter(ParameterId id) { return counters_[id.row()]; }

  T* compute() const { return reinterpret_cast<T*>(compute_.data()); }
  Half* rounded() const { return reinterpret_cast<Half*>(rounded_.data()); }
  T* master() const { return reinterpret_cast<T*>(master_.data()); }
  T* gradient() const { return reinterpret_cast<T*>(gradient_.data()); }
  T* moment1() const { return reinterpret_cast<T*>(moment1_.data()); }
  T* moment2() const { return reinterpret_cast<T*>(moment2_.data()); }

  // Draws every tensor from its initialiser, by (seed, name), but those that are given (a file's): they keep
  // their values. On as many threads as the device has; the numbers don't depend on them.
  void initialise(std::uint64_t seed, std::span<const ParameterId> given = {});

  // Allocates master (copied from compute), gradients and zeroed moments.
  void prepare_training();

  // Bytes on the device: what is there, and what prepare_training() adds.
  std::size_t model_bytes() const { return compute_.size() + rounded_.size(); }
  std::size_t training_bytes() const { return 4 * static_cast<std::size_t>(trained_count_) * sizeof(T); }

  // The whole state dict in PyTorch's names, shapes and order; float tensors as f32 (f64 for double).
  std::vector<NamedTensor> state_dict() const;
  // One tensor of the state dict, or of a training array (gradient, moment) in PyTorch's layout.
  NamedTensor export_value(ParameterId id) const;
  NamedTensor export_trained(ParameterId id, const T* array) const;
  void import_trained(ParameterId id, T* array, const TensorView& tensor);
  // By id.
  std::vector<std::int64_t>& counters() { return counters_; }

  // The first number that is not finite, of weights, statistics and the optimizer's moments (a weight whose
  // second moment is infinite never moves again): "the second moment of head.weight is infinite"; nothing
  // when all are finite. Reads every array once; for between steps.
  std::optional<std::string> find_non_finite() const;

  // Sets one tensor (and its master copy) from elements of any type. Throws Error when the shape is another.
  void import_value(ParameterId id, const TensorView& tensor);

 private:
  std::int64_t offset_in_compute(ParameterId id) const;
  std::string name_at(std::int64_t offset) const;
  NamedTensor to_outside(const ParameterSpec& spec, const T* inside) const;

  Device& device_;
  ParameterTable table_;
  std::vector<std::int64_t> offsets_;   // into compute, or into dead_
  std::vector<std::int64_t> counters_;  // by id
  std::vector<T> dead_;                 // in PyTorch's layout
  std::int64_t rounded_alone_count_ = 0, trained_count_ = 0, compute_count_ = 0;
  DeviceBuffer compute_, rounded_, master_, gradient_, moment1_, moment2_;
};

// relative_position_index of a window of side w: [w², w²], the row of the bias table for (query, key).
std::vector<std::int64_t> relative_position_index(std::int64_t window);

}  // namespace poster

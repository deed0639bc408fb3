#include "engine/parameters.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstring>
#include <functional>
#include <limits>
#include <mutex>

#include "engine/error.h"
#include "engine/random.h"
#include "engine/worker_threads.h"

namespace poster {
namespace {

template <typename T>
constexpr DType dtype_of() {
  return sizeof(T) == 8 ? DType::f64 : DType::f32;
}

void check_shape(const ParameterSpec& spec, const TensorView& tensor) {
  if (tensor.shape != spec.shape)
    throw Error("tensor " + spec.name + " has shape " + describe(tensor.shape) + " where the model has " +
                describe(spec.shape));
}

NamedTensor int64_tensor(const ParameterSpec& spec, const std::vector<std::int64_t>& values) {
  NamedTensor tensor{spec.name, DType::i64, spec.shape, std::vector<std::byte>(values.size() * 8)};
  std::memcpy(tensor.data.data(), values.data(), tensor.data.size());
  return tensor;
}

// Calls f(outside index, inside index) for every element of a tensor.
template <typename F>
void for_each_element(const ParameterSpec& spec, F&& f) {
  if (spec.layout == Layout::plain) {
    for (std::int64_t i = 0, n = spec.count(); i < n; ++i) f(i, i);
    return;
  }
  const auto& s = spec.shape;  // [O, I, kH, kW], or [O, I, k]
  const std::int64_t kernel = s[2] * (s.size() > 3 ? s[3] : 1);
  const std::int64_t o_stride_in = spec.layout == Layout::conv ? s[1] * kernel : 1;
  const std::int64_t k_stride_in = spec.layout == Layout::conv ? s[1] : s[0];
  std::int64_t outside = 0;
  for (std::int64_t o = 0; o < s[0]; ++o)
    for (std::int64_t i = 0; i < s[1]; ++i)
      for (std::int64_t k = 0; k < kernel; ++k) f(outside++, o * o_stride_in + k * k_stride_in + i);
}

}  // namespace

template <typename T>
Parameters<T>::Parameters(Device& device, const ParameterTable& table, const Options& options)
    : device_(device), table_(table), offsets_(table.specs().size()), counters_(table.specs().size()) {
  // Each tensor starts on a 64-byte boundary; the gaps stay zero in every array, so flat passes may run over
  // them.
  const auto aligned = [](std::int64_t n) { return (n + 15) / 16 * 16; };
  const auto lay_out = [&](auto belongs) {
    for (std::size_t id = 0; id < offsets_.size(); ++id) {
      const ParameterSpec& spec = table_.specs()[id];
      if (!belongs(spec)) continue;
      offsets_[id] = compute_count_;
      compute_count_ += aligned(spec.count());
    }
  };
  const auto rounded_alone = [&](const ParameterSpec& spec) {
    return options.rounded && spec.role == Role::trained && spec.product_operand;
  };
  lay_out(rounded_alone);
  rounded_alone_count_ = compute_count_;
  for (Role role : {Role::trained, Role::frozen, Role::statistic}) {
    lay_out([&](const ParameterSpec& spec) { return spec.role == role && !rounded_alone(spec); });
    if (role == Role::trained) trained_count_ = compute_count_;
  }
  std::int64_t dead_count = 0;
  for (std::size_t id = 0; id < offsets_.size(); ++id) {
    const ParameterSpec& spec = table_.specs()[id];
    if (spec.role != Role::dead) continue;
    offsets_[id] = dead_count;
    dead_count += spec.count();
  }
  if (options.keep_dead) dead_.resize(dead_count);
  compute_ = device_.allocate(static_cast<std::size_t>(compute_count_) * sizeof(T));
  if (options.rounded) rounded_ = device_.allocate(static_cast<std::size_t>(compute_count_) * sizeof(Half));
}

template <typename T>
T* Parameters<T>::gradient(ParameterId id) const {
  return id && gradient_.data() && table_[id].role == Role::trained ? gradient() + offsets_[id.row()]
                                                                    : nullptr;
}

template <typename T>
T* Parameters<T>::value(ParameterId id) const {
  if (!id) return nullptr;
  const std::int64_t offset = offset_in_compute(id);
  if (offset < rounded_alone_count_)
    throw Error("parameters: " + table_[id].name + " is an operand of products; it is read in 16 bits alone");
  return compute() + offset;
}

template <typename T>
std::int64_t Parameters<T>::offset_in_compute(ParameterId id) const {
  const Role role = table_[id].role;
  if (role != Role::trained && role != Role::frozen && role != Role::statistic)
    throw Error("parameters: " + table_[id].name + " does not lie on the device");
  return offsets_[id.row()];
}

namespace {

// Numbers of a tensor's own stream, by (seed, name): no tensor's depend on another's.
NamedTensor drawn(const ParameterSpec& spec, std::uint64_t seed) {
  RandomStream random(seed, RandomPurpose::initialise, hash_name(spec.name));
  NamedTensor tensor{spec.name, DType::f64, spec.shape,
                     std::vector<std::byte>(spec.count() * sizeof(double))};
  const std::span<double> elements(tensor.as<double>(), spec.count());
  const double scale = spec.initialiser.value;
  switch (spec.initialiser.kind) {
    case Initialiser::Kind::constant:
      std::ranges::fill(elements, scale);
      break;
    case Initialiser::Kind::uniform:
      for (double& x : elements) x = random.uniform(-scale, scale);
      break;
    case Initialiser::Kind::normal:
      for (double& x : elements) x = scale * random.normal();
      break;
    // PyTorch truncates at -2 and 2, not at two deviations.
    case Initialiser::Kind::truncated_normal:
      for (double& x : elements) x = scale * random.truncated_normal(-2 / scale, 2 / scale);
      break;
  }
  return tensor;
}

}  // namespace

template <typename T>
void Parameters<T>::initialise(std::uint64_t seed, std::span<const ParameterId> given) {
  std::vector<bool> is_given(offsets_.size());
  for (const ParameterId id : given) is_given[id.row()] = true;
  std::vector<std::size_t> rows;
  for (std::size_t id = 0; id < offsets_.size(); ++id) {
    const Role role = table_.specs()[id].role;
    if (is_given[id] || role == Role::constant) continue;
    if (role == Role::counter)
      counters_[id] = 0;
    else
      rows.push_back(id);
  }
  // The dearest first, so that threads end together.
  std::ranges::stable_sort(rows, std::greater(), [&](std::size_t id) { return table_.specs()[id].count(); });
  std::atomic<std::size_t> next = 0;
  std::mutex device;  // is one thread's at a time
  const auto work = [&] {
    for (std::size_t i = next++; i < rows.size(); i = next++) {
      const NamedTensor tensor = drawn(table_.specs()[rows[i]], seed);
      const std::lock_guard lock(device);
      import_value(static_cast<ParameterId>(rows[i]), tensor.view());
    }
  };
  run_on_threads(static_cast<std::size_t>(device_.host_threads()), work, [&] { next = rows.size(); });
}

template <typename T>
void Parameters<T>::prepare_training() {
  const std::size_t bytes = static_cast<std::size_t>(trained_count_) * sizeof(T);
  std::vector<std::byte> values(bytes);
  device_.copy_to_host(values.data(), compute_.data(), bytes);
  for (DeviceBuffer* buffer : {&master_, &gradient_, &moment1_, &moment2_}) *buffer = device_.allocate(bytes);
  device_.copy_from_host(master_.data(), values.data(), bytes);
}

template <typename T>
NamedTensor Parameters<T>::to_outside(const ParameterSpec& spec, const T* inside) const {
  NamedTensor tensor{spec.name, dtype_of<T>(), spec.shape, std::vector<std::byte>(spec.count() * sizeof(T))};
  T* outside = tensor.as<T>();
  for_each_element(spec, [&](std::int64_t o, std::int64_t i) { outside[o] = inside[i]; });
  return tensor;
}

template <typename T>
NamedTensor Parameters<T>::export_value(ParameterId id) const {
  const ParameterSpec& spec = table_[id];
  switch (spec.role) {
    case Role::counter:
      return int64_tensor(spec, {counters_[id.row()]});
    case Role::constant:
      return int64_tensor(spec, relative_position_index(std::llround(std::sqrt(spec.shape[0]))));
    case Role::dead: {
      if (dead_.empty()) throw Error("tensor " + spec.name + " was not kept");
      ParameterSpec plain = spec;
      plain.layout = Layout::plain;
      return to_outside(plain, dead_.data() + offsets_[id.row()]);
    }
    case Role::trained:
      if (master_.data()) return export_trained(id, master());
      [[fallthrough]];
    default:
      return export_trained(id, compute());
  }
}

template <typename T>
NamedTensor Parameters<T>::export_trained(ParameterId id, const T* array) const {
  const ParameterSpec& spec = table_[id];
  std::vector<T> inside(spec.count());
  device_.copy_to_host(inside.data(), array + offsets_[id.row()], inside.size() * sizeof(T));
  return to_outside(spec, inside.data());
}

template <typename T>
void Parameters<T>::import_trained(ParameterId id, T* array, const TensorView& tensor) {
  const ParameterSpec& spec = table_[id];
  check_shape(spec, tensor);
  std::vector<T> inside(spec.count());
  visit_elements(tensor, [&](const auto& elements) {
    for_each_element(spec, [&](std::int64_t o, std::int64_t i) { inside[i] = static_cast<T>(elements[o]); });
  });
  device_.copy_from_host(array + offsets_[id.row()], inside.data(), inside.size() * sizeof(T));
  if (array != compute() || !rounded_.data()) return;
  std::vector<Half> narrow(inside.size());
  std::transform(inside.begin(), inside.end(), narrow.begin(), [](T x) { return Half(x); });
  device_.copy_from_host(rounded_value(id), narrow.data(), narrow.size() * sizeof(Half));
}

template <typename T>
void Parameters<T>::import_value(ParameterId id, const TensorView& tensor) {
  const ParameterSpec& spec = table_[id];
  check_shape(spec, tensor);
  switch (spec.role) {
    case Role::counter:
      counters_[id.row()] = converted<std::int64_t>(tensor).at(0);
      break;
    case Role::constant:
      if (converted<std::int64_t>(tensor) != relative_position_index(std::llround(std::sqrt(spec.shape[0]))))
        throw Error("tensor " + spec.name + " is not the index of a relative position bias");
      break;
    case Role::dead:
      if (dead_.empty()) break;
      visit_elements(tensor, [&](const auto& elements) {
        T* const values = dead_.data() + offsets_[id.row()];
        for (std::int64_t i = 0, n = spec.count(); i < n; ++i) values[i] = static_cast<T>(elements[i]);
      });
      break;
    case Role::trained:
      if (master_.data()) import_trained(id, master(), tensor);
      [[fallthrough]];
    default:
      import_trained(id, compute(), tensor);
  }
}

// The tensor that an element of the flat arrays belongs to.
template <typename T>
std::string Parameters<T>::name_at(std::int64_t offset) const {
  for (std::size_t id = 0; id < offsets_.size(); ++id) {
    const ParameterSpec& spec = table_.specs()[id];
    const bool flat = spec.role == Role::trained || spec.role == Role::frozen || spec.role == Role::statistic;
    if (flat && offset >= offsets_[id] && offset < offsets_[id] + spec.count()) return spec.name;
  }
  return "no tensor";
}

template <typename T>
std::optional<std::string> Parameters<T>::find_non_finite() const {
  const std::pair<const char*, const DeviceBuffer*> arrays[] = {{"", &compute_},
                                                                {"the weight ", &master_},
                                                                {"the first moment of ", &moment1_},
                                                                {"the second moment of ", &moment2_}};
  constexpr std::int64_t kChunk = 1 << 18;  // elements
  std::vector<T> chunk(kChunk);
  for (const auto& [what, buffer] : arrays) {
    const auto count = static_cast<std::int64_t>(buffer->size() / sizeof(T));
    for (std::int64_t begin = 0; begin < count; begin += kChunk) {
      const std::int64_t size = std::min(kChunk, count - begin);
      device_.copy_to_host(chunk.data(), buffer->template as<T>() + begin,
                           static_cast<std::size_t>(size) * sizeof(T));
      int wrong = 0;  // NaN is not less or equal either
      for (std::int64_t i = 0; i < size; ++i) wrong |= !(std::abs(chunk[i]) <= std::numeric_limits<T>::max());
      if (wrong == 0) continue;
      for (std::int64_t i = 0; i < size; ++i)
        if (!std::isfinite(chunk[i]))
          return what + name_at(begin + i) + (std::isnan(chunk[i]) ? " is no number (NaN)" : " is infinite");
    }
  }
  return std::nullopt;
}

template <typename T>
std::vector<NamedTensor> Parameters<T>::state_dict() const {
  std::vector<NamedTensor> tensors;
  for (std::size_t id = 0; id < offsets_.size(); ++id)
    tensors.push_back(export_value(static_cast<ParameterId>(id)));
  return tensors;
}

std::vector<std::int64_t> relative_position_index(std::int64_t window) {
  const std::int64_t n = window * window;
  std::vector<std::int64_t> index(n * n);
  for (std::int64_t q = 0; q < n; ++q)
    for (std::int64_t k = 0; k < n; ++k)
      index[q * n + k] =
          (q / window - k / window + window - 1) * (2 * window - 1) + q % window - k % window + window - 1;
  return index;
}

template class Parameters<float>;
template class Parameters<double>;

}  // namespace poster

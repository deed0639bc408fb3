// Tensors made of storages: torch/_utils.py, _rebuild_tensor and its successors.
#include <algorithm>

#include "io/torch/torch_error.h"
#include "io/torch/torch_names.h"
#include "io/torch/torch_objects.h"

namespace poster::io {
namespace {

constexpr std::size_t kMaxDimensions = 64;  // PyTorch's own limit

std::vector<std::int64_t> read_numbers(const PickleValue& value, const char* what) {
  const auto wrong = [&] { damaged("the " + std::string(what) + " of a tensor is " + describe(value)); };
  if (!value.is(PickleKind::tuple) && !value.is(PickleKind::list)) wrong();
  if (value.size() > kMaxDimensions) wrong();
  std::vector<std::int64_t> numbers(value.size());
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    if (!value[i].is(PickleKind::integer) || value[i].as_integer() < 0) wrong();
    numbers[i] = value[i].as_integer();
  }
  return numbers;
}

// Elements from the storage's begin to behind the tensor's last one; nothing when that overflows.
std::optional<std::uint64_t> reach(const std::vector<std::int64_t>& shape,
                                   const std::vector<std::int64_t>& strides, std::uint64_t offset) {
  std::uint64_t end = offset;
  if (__builtin_add_overflow(end, 1, &end)) return std::nullopt;
  for (std::size_t i = 0; i < shape.size(); ++i) {
    std::uint64_t step;
    if (__builtin_mul_overflow(static_cast<std::uint64_t>(shape[i] - 1),
                               static_cast<std::uint64_t>(strides[i]), &step) ||
        __builtin_add_overflow(end, step, &end))
      return std::nullopt;
  }
  return end;
}

// Whether a tensor's metadata say more than that it is an ordinary one ({"neg": False}).
bool is_special(const PickleValue& metadata) {
  for (std::size_t i = 0; i < metadata.entry_count(); ++i)
    if (!metadata.value(i).is(PickleKind::boolean) || metadata.value(i).as_boolean()) return true;
  return false;
}

}  // namespace

TorchObjects::Geometry TorchObjects::read_geometry(const PickleValue& arguments) const {
  if (!arguments[1].is(PickleKind::integer) || arguments[1].as_integer() < 0)
    damaged("the offset of a tensor is " + describe(arguments[1]));
  Geometry geometry{read_numbers(arguments[2], "shape"), read_numbers(arguments[3], "strides"),
                    static_cast<std::uint64_t>(arguments[1].as_integer())};
  if (geometry.shape.size() != geometry.strides.size())
    damaged("a tensor has the shape " + describe(arguments[2]) + " and the strides " +
            describe(arguments[3]));
  return geometry;
}

// _rebuild_tensor(storage, offset, shape, strides)
// _rebuild_tensor_v2(storage, offset, shape, strides, requires_grad, hooks[, metadata])
// _rebuild_tensor_v3(storage, offset, shape, strides, requires_grad, hooks, dtype[, metadata])
PickleValue TorchObjects::typed_tensor(const PickleValue& callable, const PickleValue& arguments) {
  const bool has_dtype = callable.text().ends_with("_v3");
  const std::size_t count = arguments.size(), metadata = has_dtype ? 7 : 6;
  if (count < (has_dtype ? 7 : 4) || count > metadata + 1 || !arguments[0].is(PickleKind::storage))
    damaged("a tensor is made of " + describe(arguments));
  const Part& part = parts_[arguments[0].index()];
  const TorchStorage& storage = content_.storages[part.storage];

  std::optional<DType> dtype = storage.dtype;
  if (has_dtype) {
    const std::string_view name = arguments[6].text();
    dtype = dtype_of_torch_name(name);
    if (!dtype) return keep_unsupported(name, callable, arguments);
  }
  if (!dtype) {
    if (storage.element_size == 1 && !has_dtype) damaged("a tensor has a storage without a type");
    return keep_unsupported("complex or quantized", callable, arguments);
  }
  // Numbers that are to be read negated, or as conjugates: nothing that a trained network holds.
  if (count > metadata && is_special(arguments[metadata]))
    return keep_unsupported("negated or conjugated view", callable, arguments);
  const bool requires_grad = count > 4 && arguments[4].is(PickleKind::boolean) && arguments[4].as_boolean();
  return add_tensor(*dtype, part, read_geometry(arguments), requires_grad);
}

PickleValue TorchObjects::add_tensor(DType dtype, const Part& part, Geometry geometry, bool requires_grad) {
  const TorchStorage& storage = content_.storages[part.storage];
  const std::size_t size = size_of(dtype);
  const auto refuse = [&](const std::string& why) {
    damaged("a tensor " + std::string(name_of(dtype)) + " " + poster::describe(geometry.shape) + " " + why +
            " (storage " + quoted_name(storage.key) + ")");
  };
  std::uint64_t part_begin, part_bytes;
  if (__builtin_mul_overflow(part.begin, storage.element_size, &part_begin) ||
      __builtin_mul_overflow(part.count, storage.element_size, &part_bytes) || part_begin % size != 0)
    refuse("lies in an impossible storage");
  if (std::find(geometry.shape.begin(), geometry.shape.end(), 0) == geometry.shape.end()) {
    const auto end = reach(geometry.shape, geometry.strides, geometry.offset);
    if (!end || *end > part_bytes / size) refuse("reaches beyond its storage");
  } else {
    geometry.offset = 0;  // of no element
  }
  geometry.offset += part_begin / size;
  content_.tree.charge(2 * sizeof(TorchTensor) + geometry.shape.size() * 2 * sizeof(std::int64_t) + 64);
  content_.tensors.push_back({dtype, std::move(geometry.shape), std::move(geometry.strides), geometry.offset,
                              part.storage, requires_grad});
  return PickleValue::tensor(content_.tensors.size() - 1);
}

}  // namespace poster::io

#include "io/torch/torch_pickler.h"

#include <algorithm>
#include <bit>
#include <limits>
#include <set>

#include "engine/error.h"
#include "io/format/quoted_name.h"
#include "io/format/utf8.h"
#include "io/torch/pickle_opcodes.h"
#include "io/torch/torch_names.h"

namespace poster::io {
namespace {

constexpr int kMaxPickledDepth = 100;

std::uint64_t byte_count(const TensorView& tensor) {
  std::uint64_t bytes = size_of(tensor.dtype);
  for (const std::int64_t side : tensor.shape)
    if (side < 0 || __builtin_mul_overflow(bytes, static_cast<std::uint64_t>(side), &bytes))
      throw Error("a tensor has the impossible shape " + poster::describe(tensor.shape));
  return bytes;
}

std::vector<std::int64_t> row_major_strides(const std::vector<std::int64_t>& shape) {
  std::vector<std::int64_t> strides(shape.size());
  std::int64_t step = 1;
  for (std::size_t d = shape.size(); d-- > 0;) {
    strides[d] = step;
    if (__builtin_mul_overflow(step, std::max<std::int64_t>(shape[d], 1), &step))  // next to a side of 0
      throw Error("a tensor has the impossible shape " + poster::describe(shape));
  }
  return strides;
}

// NumPy's name of a type: "f4".
std::string_view numpy_name_of(DType dtype) {
  switch (dtype) {
    case DType::f64:
      return "f8";
    case DType::f32:
      return "f4";
    case DType::f16:
      return "f2";
    case DType::i64:
      return "i8";
    case DType::i32:
      return "i4";
    default:
      throw Error("no NumPy array of the type " + std::string(name_of(dtype)) + " is written");
  }
}

}  // namespace

TorchPickler::TorchPickler(const TorchValue& root) {
  pickle_ += {static_cast<char>(op::kProto), 2};
  write(root, 0);
  pickle_ += op::kStop;
}

template <typename T>
void TorchPickler::append(T number) {
  pickle_.append(reinterpret_cast<const char*>(&number), sizeof number);
}

void TorchPickler::write(const TorchValue& value, int depth) {
  if (depth > kMaxPickledDepth) throw Error("the values to write are nested too deeply");
  const auto& content = value.content_;
  if (const auto* boolean = std::get_if<bool>(&content)) {
    pickle_ += static_cast<char>(*boolean ? op::kNewTrue : op::kNewFalse);
  } else if (const auto* integer = std::get_if<std::int64_t>(&content)) {
    write_integer(*integer);
  } else if (const auto* number = std::get_if<double>(&content)) {
    write_number(*number);
  } else if (const auto* text = std::get_if<std::string>(&content)) {
    write_text(*text);
  } else if (const auto* tensor = std::get_if<TensorView>(&content)) {
    write_tensor(*tensor);
  } else if (const auto* sequence = std::get_if<TorchValue::Sequence>(&content)) {
    write_sequence(*sequence, depth);
  } else if (const auto* dict = std::get_if<TorchValue::Dict>(&content)) {
    write_dict(*dict, depth);
  } else if (const auto* array = std::get_if<TorchValue::Array>(&content)) {
    write_array(array->elements);
  } else if (const auto* object = std::get_if<TorchValue::Object>(&content)) {
    write_object(*object, depth);
  } else {
    pickle_ += op::kNone;
  }
}

void TorchPickler::write_integer(std::int64_t number) {
  if (number >= 0 && number <= 0xFF) {
    pickle_ += op::kBinInt1;
    append(static_cast<std::uint8_t>(number));
  } else if (number >= std::numeric_limits<std::int32_t>::min() &&
             number <= std::numeric_limits<std::int32_t>::max()) {
    pickle_ += op::kBinInt;
    append(static_cast<std::int32_t>(number));
  } else {
    pickle_ += {static_cast<char>(op::kLong1), 8};
    append(number);
  }
}

void TorchPickler::write_number(double number) {
  pickle_ += op::kBinFloat;
  append(__builtin_bswap64(std::bit_cast<std::uint64_t>(number)));
}

void TorchPickler::write_text(const std::string& text) {
  if (!is_utf8(text)) throw Error("the text " + quoted_name(text) + " is not UTF-8, choose another");
  if (text.size() > UINT32_MAX) throw Error("a text is longer than 4 GiB, shorten it");
  pickle_ += op::kBinUnicode;
  append(static_cast<std::uint32_t>(text.size()));
  pickle_ += text;
}

void TorchPickler::write_sequence(const TorchValue::Sequence& sequence, int depth) {
  if (!sequence.is_tuple) pickle_ += op::kEmptyList;
  pickle_ += op::kMark;
  for (const TorchValue& item : sequence.items) write(item, depth + 1);
  pickle_ += static_cast<char>(sequence.is_tuple ? op::kTuple : op::kAppends);
}

void TorchPickler::write_dict(const TorchValue::Dict& dict, int depth) {
  if (dict.is_ordered)
    write_empty_ordered_dict();
  else
    pickle_ += op::kEmptyDict;
  pickle_ += op::kMark;
  std::set<std::string> keys;
  for (const auto& [key, value] : dict.entries) {
    const std::size_t begin = pickle_.size();
    if (!std::holds_alternative<std::string>(key.content_) &&
        !std::holds_alternative<std::int64_t>(key.content_))
      throw Error("a key is neither a text nor a whole number");
    write(key, depth + 1);
    if (!keys.insert(pickle_.substr(begin)).second) {
      const auto* text = std::get_if<std::string>(&key.content_);
      throw Error("the key " +
                  (text ? quoted_name(*text) : std::to_string(std::get<std::int64_t>(key.content_))) +
                  " stands twice in one dict, choose another");
    }
    write(value, depth + 1);
  }
  pickle_ += op::kSetItems;
  if (dict.metadata.empty()) return;
  pickle_ += op::kEmptyDict;
  write_text("_metadata");
  write(dict.metadata.front(), depth + 1);
  pickle_ += {op::kSetItem, op::kBuild};
}

void TorchPickler::write_empty_ordered_dict() {
  write_global("collections", "OrderedDict");
  pickle_ += {op::kEmptyTuple, op::kReduce};
}

void TorchPickler::write_global(const std::string& module, const std::string& name) {
  const auto [found, is_new] = memo_.try_emplace(module + "." + name, memo_.size());
  pickle_ += static_cast<char>(is_new ? op::kGlobal : op::kBinGet);
  if (is_new) pickle_ += module + "\n" + name + "\n" + static_cast<char>(op::kBinPut);
  append(static_cast<std::uint8_t>(found->second));
}

// As numpy.ndarray.__reduce__ has it in protocol 2: an empty array, then its state (version, shape, type, not
// in Fortran's order, bytes). The bytes go as a text of Latin-1, which _codecs.encode makes bytes of.
void TorchPickler::write_array(const TensorView& elements) {
  if (byte_count(elements) != elements.bytes.size())
    throw Error("an array of the shape " + poster::describe(elements.shape) + " doesn't take " +
                std::to_string(elements.bytes.size()) + " bytes");
  const auto latin1 = [&](std::span<const std::byte> bytes) {
    write_global("_codecs", "encode");
    std::string text;
    for (const std::byte byte : bytes) {
      const auto code = static_cast<unsigned char>(byte);
      if (code >= 0x80) text += static_cast<char>(0xC0 | code >> 6);
      text += static_cast<char>(code >= 0x80 ? 0x80 | (code & 0x3F) : code);
    }
    write_text(text);
    write_text("latin1");
    pickle_ += {static_cast<char>(op::kTuple2), op::kReduce};
  };
  write_global("numpy.core.multiarray", "_reconstruct");
  write_global("numpy", "ndarray");
  write_integer(0);
  pickle_ += static_cast<char>(op::kTuple1);
  latin1(std::as_bytes(std::span("b", 1)));
  pickle_ += {static_cast<char>(op::kTuple3), op::kReduce, op::kMark};
  write_integer(1);
  write_sizes(elements.shape);
  write_global("numpy", "dtype");
  write_text(std::string(numpy_name_of(elements.dtype)));
  pickle_ += {static_cast<char>(op::kNewFalse), static_cast<char>(op::kNewTrue),
              static_cast<char>(op::kTuple3), op::kReduce, op::kMark};
  write_integer(3);
  write_text("<");
  pickle_ += {op::kNone, op::kNone, op::kNone};
  for (const int part : {-1, -1, 0}) write_integer(part);
  pickle_ += {op::kTuple, op::kBuild, static_cast<char>(op::kNewFalse)};
  latin1(elements.bytes);
  pickle_ += {op::kTuple, op::kBuild};
}

void TorchPickler::write_object(const TorchValue::Object& object, int depth) {
  write_global(object.module, object.name);
  pickle_ += {op::kEmptyTuple, static_cast<char>(op::kNewObj)};
  write(object.state.front(), depth + 1);
  pickle_ += op::kBuild;
}

void TorchPickler::write_sizes(const std::vector<std::int64_t>& sizes) {
  pickle_ += op::kMark;
  for (const std::int64_t size : sizes) write_integer(size);
  pickle_ += op::kTuple;
}

// _rebuild_tensor_v2(storage, offset, shape, strides, requires_grad, hooks), the storage by its persistent id
// ('storage', type, key, device, count). Types without a storage class go through _rebuild_tensor_v3, whose
// storage is of bytes and which takes the type as its last argument.
void TorchPickler::write_tensor(const TensorView& tensor) {
  const std::uint64_t bytes = byte_count(tensor);
  if (bytes != tensor.bytes.size())
    throw Error("a tensor of the shape " + poster::describe(tensor.shape) + " takes " +
                std::to_string(bytes) + " bytes, not " + std::to_string(tensor.bytes.size()));
  const StorageType* const type = storage_type_of(tensor.dtype);
  write_global("torch._utils", type ? "_rebuild_tensor_v2" : "_rebuild_tensor_v3");
  pickle_ += {op::kMark, op::kMark};
  write_text("storage");
  if (type != nullptr)
    write_global("torch", std::string(type->name));
  else
    write_global("torch.storage", std::string(kUntypedStorage));
  write_text(std::to_string(tensors_.size()));
  write_text("cpu");
  write_integer(static_cast<std::int64_t>(bytes / (type ? type->element_size : 1)));
  pickle_ += {op::kTuple, op::kBinPersId};
  write_integer(0);
  write_sizes(tensor.shape);
  write_sizes(row_major_strides(tensor.shape));
  pickle_ += static_cast<char>(op::kNewFalse);
  write_empty_ordered_dict();
  if (type == nullptr) write_global("torch", std::string(torch_name_of(tensor.dtype)));
  pickle_ += {op::kTuple, op::kReduce};
  tensors_.push_back(&tensor);
}

}  // namespace poster::io

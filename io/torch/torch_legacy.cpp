#include <algorithm>

#include "io/torch/little_endian.h"
#include "io/torch/pickle_opcodes.h"
#include "io/torch/torch_error.h"
#include "io/torch/torch_formats.h"
#include "io/torch/torch_objects.h"

namespace poster::io {
namespace {

// 0x1950a86a20f9469cfc6c, and how protocol 1 writes it.
constexpr std::string_view kMagic("\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19", 10),
    kMagicDigits = "119547037146038801333356";
constexpr std::int64_t kProtocol = 1001;

// The pickles around the object hold numbers and texts alone.
class NoMeaning : public PickleMeaning {
 public:
  PickleValue global(std::string_view module, std::string_view) override { refuse(module); }
  PickleValue call(const PickleValue& callable, const PickleValue&) override { refuse(callable.text()); }
  void set_state(const PickleValue& object, const PickleValue&) override { refuse(object.text()); }
  PickleValue persistent(const PickleValue& id) override { refuse(id.text()); }

 private:
  [[noreturn]] static void refuse(std::string_view what) {
    damaged("the name " + quoted_name(what) + " stands where a number belongs");
  }
};

// What is left of the file.
class Rest {
 public:
  explicit Rest(std::span<const std::byte> bytes) : bytes_(bytes) {}

  PickleValue pickle(PickleTree& tree, PickleMeaning&& meaning) { return pickle(tree, meaning); }
  PickleValue pickle(PickleTree& tree, PickleMeaning& meaning) {
    Unpickler unpickler(bytes_, tree, meaning);
    const PickleValue value = unpickler.read();
    bytes_ = bytes_.subspan(unpickler.position());
    return value;
  }
  std::span<const std::byte> take(std::uint64_t size) {
    if (size > bytes_.size()) damaged("it is cut short within its storages");
    const auto taken = bytes_.first(size);
    bytes_ = bytes_.subspan(size);
    return taken;
  }
  bool empty() const { return bytes_.empty(); }

 private:
  std::span<const std::byte> bytes_;
};

bool is_magic(const PickleValue& value) {
  return value.is(PickleKind::big_integer) && (value.text() == kMagic || value.text() == kMagicDigits);
}

void check_system(const PickleValue& info) {
  const PickleValue* const little_endian = info.find("little_endian");
  if (little_endian == nullptr || !little_endian->is(PickleKind::boolean))
    damaged("its system info is " + describe(info));
  if (!little_endian->as_boolean())
    throw Error(
        "was written by a big-endian machine; load it in PyTorch on a usual one and save it again there");
}

void read_storages(Rest& rest, const PickleValue& keys, TorchContent& content, TorchObjects& objects) {
  if (!keys.is(PickleKind::list)) damaged("its list of storages is " + describe(keys));
  std::vector<bool> is_read(content.storages.size());
  for (std::size_t i = 0; i < keys.size(); ++i) {
    TorchStorage* const storage =
        keys[i].is(PickleKind::text) ? objects.find_storage(keys[i].text()) : nullptr;
    if (storage == nullptr) damaged("it holds the storage " + describe(keys[i]) + ", which no tensor uses");
    const auto index = static_cast<std::size_t>(storage - content.storages.data());
    if (is_read[index]) damaged("it holds the storage " + describe(keys[i]) + " twice");
    is_read[index] = true;
    const auto count = load<std::uint64_t>(rest.take(sizeof(std::uint64_t)).data());
    if (count != storage->count)
      damaged("its storage " + describe(keys[i]) + " has " +
              std::to_string(static_cast<std::int64_t>(count)) + " elements, its tensors expect " +
              std::to_string(storage->count));
    std::uint64_t size;
    if (__builtin_mul_overflow(count, storage->element_size, &size)) damaged("its storages are too large");
    storage->bytes = rest.take(size);
  }
  for (std::size_t i = 0; i < is_read.size(); ++i)
    if (!is_read[i]) damaged("its storage " + quoted_name(content.storages[i].key) + " is missing");
  if (!rest.empty()) damaged("something stands behind its last storage");
}

}  // namespace

std::unique_ptr<TorchContent> read_torch_legacy(std::span<const std::byte> bytes, bool ignore_unsafe) {
  auto content = std::make_unique<TorchContent>(most_memory_for(bytes.size()));
  content->format = TorchFormat::legacy;
  PickleTree& tree = content->tree;
  Rest rest(bytes);
  if (!is_magic(rest.pickle(tree, NoMeaning()))) damaged("its magic number is another");
  const PickleValue protocol = rest.pickle(tree, NoMeaning());
  if (!protocol.is(PickleKind::integer) || protocol.as_integer() != kProtocol)
    throw Error("is of protocol " + describe(protocol) + " of PyTorch's legacy format, " +
                std::to_string(kProtocol) + " is known; load it in PyTorch and save it again");
  check_system(rest.pickle(tree, NoMeaning()));
  TorchObjects objects(*content, ignore_unsafe);
  content->root = rest.pickle(tree, objects);
  objects.finish();
  const PickleValue keys = rest.pickle(tree, NoMeaning());
  read_storages(rest, keys, *content, objects);
  return content;
}

bool is_torch_legacy(std::span<const std::byte> bytes) {
  constexpr std::size_t kEnough = 64;
  if (bytes.empty() || (bytes[0] != std::byte{op::kProto} && bytes[0] != std::byte{op::kLong})) return false;
  PickleTree tree(1 << 16);
  try {
    return is_magic(Rest(bytes.first(std::min(bytes.size(), kEnough))).pickle(tree, NoMeaning()));
  } catch (const Error&) {
    return false;
  }
}

}  // namespace poster::io

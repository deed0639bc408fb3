#include "io/torch/torch_objects.h"

#include "io/torch/known_calls.h"
#include "io/torch/pickle_names.h"
#include "io/torch/torch_error.h"
#include "io/torch/torch_names.h"

namespace poster::io {
namespace {

const char* const kIgnoreUnsafe =
    "; don't load it in PyTorch; --ignore-unsafe loads its tensors and skips the rest";

bool is_rebuild(std::string_view name) { return name.starts_with("torch._utils._rebuild_"); }

std::uint64_t count_of(const PickleValue& value, const char* what) {
  if (!value.is(PickleKind::integer) || value.as_integer() < 0)
    damaged("the " + std::string(what) + " of a tensor is " + describe(value));
  return static_cast<std::uint64_t>(value.as_integer());
}

}  // namespace

void TorchObjects::note(std::set<std::string, std::less<>>& names, std::string_view name) {
  if (names.contains(name)) return;
  content_.tree.charge(name.size() + 128);
  names.emplace(name);
}

PickleValue TorchObjects::global(std::string_view module, std::string_view name) {
  const PickleValue full =
      content_.tree.make_text(PickleKind::global, std::string(module) + "." + std::string(name));
  if (is_unsafe_name(module, name)) {
    if (!ignore_unsafe_)
      throw Error("wants to run " + quoted_name(full.text()) + " when loaded, which no checkpoint needs" +
                  kIgnoreUnsafe);
    note(unsafe_names_, full.text());
  }
  return full;
}

PickleValue TorchObjects::call(const PickleValue& callable, const PickleValue& arguments) {
  if (callable.is(PickleKind::object)) {
    if (!ignore_unsafe_)
      throw Error("wants to call what " + quoted_name(callable.text()) +
                  " gives when loaded, which no checkpoint needs" + kIgnoreUnsafe);
    return content_.tree.make_object(callable, arguments);
  }
  if (!callable.is(PickleKind::global)) damaged("its pickle calls " + describe(callable));
  const std::string_view name = callable.text();
  if (is_rebuild(name)) return make_tensor(name, callable, arguments);
  if (name == "torch._tensor._rebuild_from_type_v2" || name == "torch._tensor._rebuild_from_type")
    return rebuild_any(callable, arguments);
  const auto known = known_call(content_.tree, name, arguments);
  const PickleValue made = known ? *known : content_.tree.make_object(callable, arguments);
  if (made.is(PickleKind::object) && !is_plain_data(made.text()) && !unsafe_names_.contains(made.text()))
    note(unknown_names_, made.text());
  return made;
}

PickleValue TorchObjects::make_tensor(std::string_view name, const PickleValue& callable,
                                      const PickleValue& arguments) {
  if (name == "torch._utils._rebuild_tensor_v2" || name == "torch._utils._rebuild_tensor" ||
      name == "torch._utils._rebuild_tensor_v3")
    return typed_tensor(callable, arguments);
  if (name == "torch._utils._rebuild_parameter" || name == "torch._utils._rebuild_parameter_with_state")
    return make_parameter(callable, arguments);
  return keep_unsupported(name, callable, arguments);
}

// (function, class, arguments of the function, state): a tensor of a subclass. The class and the attributes
// of the Python object are nothing that a file of tensors could hold.
PickleValue TorchObjects::rebuild_any(const PickleValue& callable, const PickleValue& arguments) {
  const bool is_usual = arguments.size() == 4 && arguments[0].is(PickleKind::global) &&
                        is_rebuild(arguments[0].text()) && arguments[2].is(PickleKind::tuple);
  if (!is_usual) return keep_unsupported(callable.text(), callable, arguments);
  return make_tensor(arguments[0].text(), arguments[0], arguments[2]);
}

PickleValue TorchObjects::make_parameter(const PickleValue& callable, const PickleValue& arguments) {
  if (arguments.size() < 2) damaged("a parameter is made of " + describe(arguments));
  const PickleValue data = arguments[0];
  if (data.is(PickleKind::object)) return data;  // of an unsupported kind
  if (!data.is(PickleKind::tensor)) return keep_unsupported(callable.text(), callable, arguments);
  content_.tensors[data.index()].requires_grad =
      arguments[1].is(PickleKind::boolean) && arguments[1].as_boolean();
  return data;
}

PickleValue TorchObjects::keep_unsupported(std::string_view what, const PickleValue& callable,
                                           const PickleValue& arguments) {
  note(unsupported_tensors_, what);
  return content_.tree.make_object(callable, arguments);
}

void TorchObjects::set_state(const PickleValue& object, const PickleValue& state) {
  if (object.is(PickleKind::tensor)) return;  // attributes of the Python object
  // An object in a class's own words, an OrderedDict with attributes.
  if (!object.is(PickleKind::object) && !object.is(PickleKind::dict))
    damaged("its pickle sets the state of " + describe(object));
  content_.tree.set_state(object, state);
}

PickleValue TorchObjects::persistent(const PickleValue& id) {
  const auto wrong = [&] { damaged("its pickle refers to " + describe(id) + " outside"); };
  if (!id.is(PickleKind::tuple) || id.size() < 2) wrong();
  // ('module', class, file, source): legacy files hold the source of classes beside them.
  if (id[0].text() == "module" && id[1].is(PickleKind::global)) return id[1];
  if (id[0].text() != "storage" || (id.size() != 5 && id.size() != 6) || !id[2].is(PickleKind::text)) wrong();
  const StorageType* const type = id[1].is(PickleKind::global) ? storage_type_of_name(id[1].text()) : nullptr;
  if (type == nullptr) damaged("a storage is of the unknown type " + describe(id[1]));
  const std::string_view key = id[2].text();
  const std::uint64_t count = count_of(id[4], "number of elements");

  const auto [found, is_new] = storage_by_key_.try_emplace(key, content_.storages.size());
  content_.tree.charge(is_new ? sizeof(TorchStorage) * 2 + 64 : 0);
  if (is_new)
    content_.storages.push_back({key, id[3].text(), type->dtype, type->element_size, count, {}, {}});
  const TorchStorage& storage = content_.storages[found->second];
  if (storage.dtype != type->dtype || storage.element_size != type->element_size || storage.count != count)
    damaged("the storage " + quoted_name(key) + " is described in two ways");

  Part part{found->second, 0, count};
  if (id.size() == 6 && !id[5].is_none()) {  // (key of the view, begin, size)
    if (!id[5].is(PickleKind::tuple) || id[5].size() != 3) wrong();
    part.begin = count_of(id[5][1], "begin of a part");
    part.count = count_of(id[5][2], "size of a part");
    if (part.begin > count || part.count > count - part.begin)
      damaged("a part of the storage " + quoted_name(key) + " reaches beyond it");
  }
  content_.tree.charge(2 * sizeof part);
  parts_.push_back(part);
  return PickleValue::storage(parts_.size() - 1);
}

TorchStorage* TorchObjects::find_storage(std::string_view key) {
  const auto found = storage_by_key_.find(key);
  return found == storage_by_key_.end() ? nullptr : &content_.storages[found->second];
}

void TorchObjects::finish() {
  if (const std::string* key = content_.tree.find_duplicate_key())
    damaged("the key " + quoted_name(*key) + " stands twice in one dict");
  content_.unsafe_names.assign(unsafe_names_.begin(), unsafe_names_.end());
  content_.unknown_names.assign(unknown_names_.begin(), unknown_names_.end());
  content_.unsupported_tensors.assign(unsupported_tensors_.begin(), unsupported_tensors_.end());
}

}  // namespace poster::io

#include "io/torch/torch_writer.h"

#include "engine/error.h"
#include "io/torch/torch_pickler.h"
#include "io/torch/zip_checksum.h"
#include "io/torch/zip_writer.h"

namespace poster::io {

TorchValue TorchValue::list(Items items) { return TorchValue(Sequence{false, std::move(items)}); }
TorchValue TorchValue::tuple(Items items) { return TorchValue(Sequence{true, std::move(items)}); }
TorchValue TorchValue::dict(Entries entries) { return TorchValue(Dict{false, std::move(entries), {}}); }
TorchValue TorchValue::ordered_dict(Entries entries) {
  return TorchValue(Dict{true, std::move(entries), {}});
}
TorchValue TorchValue::ordered_dict(Entries entries, TorchValue metadata) {
  return TorchValue(Dict{true, std::move(entries), {std::move(metadata)}});
}
TorchValue TorchValue::array(TensorView elements) { return TorchValue(Array{std::move(elements)}); }
TorchValue TorchValue::object(std::string module, std::string name, Entries state) {
  return TorchValue(Object{std::move(module), std::move(name), {dict(std::move(state))}});
}

void write_torch_file(const std::filesystem::path& path, const TorchValue& root, KeepPrevious keep_previous) {
  // PyTorch names the folder after the file, or "archive" where there is no file; readers take any name.
  const std::string folder = "archive/";
  const auto pickler = [&] {
    try {
      return TorchPickler(root);
    } catch (const Error& error) {
      throw Error(path.string() + ": can't be written: " + error.what());
    }
  }();
  write_file_atomically(
      path,
      [&](AtomicFileSink& sink) {
        ZipWriter zip([&](std::span<const std::byte> bytes) { sink.write(bytes.data(), bytes.size()); });
        const auto add = [&](const std::string& name, std::span<const std::byte> content) {
          zip.add(folder + name, content, crc32_of(content));
        };
        const auto add_text = [&](const std::string& name, std::string_view text) {
          add(name, std::as_bytes(std::span(text)));
        };
        add_text("data.pkl", pickler.pickle());
        add_text("byteorder", "little");
        for (std::size_t i = 0; i < pickler.tensors().size(); ++i)
          add("data/" + std::to_string(i), pickler.tensors()[i]->bytes);
        add_text("version", "3\n");
        zip.finish();
      },
      keep_previous);
}

}  // namespace poster::io

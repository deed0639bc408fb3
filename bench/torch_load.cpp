// Time and memory to load every tensor of a file into memory of its own, as a program that takes over weights
// does:
//   torch_load FILE.pth|FILE.safetensors
// prints one line of JSON: seconds; cpu, seconds of the processor, which a busy machine disturbs less; kept,
// the bytes of the tensors; peak, the most memory beyond what the program had before (VmHWM of
// /proc/self/status). bench/peer/torch_load.py makes the files and runs this beside PyTorch.
#include <chrono>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <exception>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "io/torch/torch_file.h"
#include "io/weights/safetensors.h"

namespace {

using namespace poster;

// A number of /proc/self/status, in bytes.
long status_of(const std::string& field) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    if (line.starts_with(field + ":")) return std::stol(line.substr(field.size() + 1)) * 1024;
  return 0;
}

struct Owned {
  std::unique_ptr<std::byte[]> bytes;
  std::size_t size;
};

void keep(std::vector<Owned>& kept, const TensorView& view) {
  kept.push_back({std::make_unique_for_overwrite<std::byte[]>(view.bytes.size()), view.bytes.size()});
  if (!view.bytes.empty()) std::memcpy(kept.back().bytes.get(), view.bytes.data(), view.bytes.size());
}

std::vector<Owned> load(const std::string& path) {
  std::vector<Owned> kept;
  if (path.ends_with(".safetensors")) {
    const io::SafetensorsFile file(path);
    for (const std::string& name : file.names()) {
      keep(kept, file.at(name));
      file.release(file.at(name));
    }
    return kept;
  }
  const io::TorchFile file(path);
  for (std::size_t i = 0; i < file.tensors().size(); ++i) {
    keep(kept, file.read(i).view());
    file.release(i);
  }
  return kept;
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 2) {
    std::fprintf(stderr, "torch_load: give one file, .pth or .safetensors\n");
    return 1;
  }
  try {
    std::ofstream("/proc/self/clear_refs") << 5;  // VmHWM begins anew
    const long before = status_of("VmRSS");
    const std::clock_t cpu = std::clock();
    const auto start = std::chrono::steady_clock::now();
    const std::vector<Owned> kept = load(arguments[1]);
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
    const double cpu_seconds = static_cast<double>(std::clock() - cpu) / CLOCKS_PER_SEC;
    std::size_t bytes = 0;
    for (const Owned& tensor : kept) bytes += tensor.size;
    std::printf("{\"seconds\": %.4f, \"cpu\": %.4f, \"tensors\": %zu, \"kept\": %zu, \"peak\": %ld}\n",
                seconds.count(), cpu_seconds, kept.size(), bytes, status_of("VmHWM") - before);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "torch_load: %s\n", error.what());
    return 1;
  }
}

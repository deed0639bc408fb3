#include "apps/golden/golden_case.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "engine/error.h"
#include "engine/random.h"
#include "io/format/json.h"
#include "io/weights/safetensors.h"

namespace poster {
namespace {

using nlohmann::json;

json read_manifest(const std::filesystem::path& path) {
  std::error_code ignored;
  if (!std::filesystem::exists(path, ignored))
    throw Error(path.string() + ": is not there; the manifest must lie beside the safetensors file");
  return io::read_json<json>(path);
}

void read_tensors(const json& manifest, GoldenCase& result) {
  for (const json& t : manifest.at("tensors"))
    result.tensors.push_back({.name = t.at("name"),
                              .shape = t.at("shape").get<std::vector<std::int64_t>>(),
                              .filled = !t.at("mean").is_null(),
                              .mean = t.at("mean").is_null() ? 0 : t.at("mean").get<double>(),
                              .scale = t.at("scale").is_null() ? 0 : t.at("scale").get<double>()});
}

}  // namespace

const std::vector<double>& GoldenCase::at(const std::string& name) const {
  for (const auto& [key, values] : expected)
    if (key == name) return values;
  throw Error("golden case: the tensor " + name + " is missing");
}

GoldenCase read_golden_case(const std::filesystem::path& path) {
  const io::SafetensorsFile file(path);
  const auto text = [&](const std::string& key, const char* fallback) -> std::string {
    const auto entry = file.metadata().find(key);
    if (entry != file.metadata().end()) return entry->second;
    if (fallback) return fallback;
    throw Error(path.string() + ": its metadata lack \"" + key + "\"; it is no golden case");
  };
  std::filesystem::path manifest_path = path;
  manifest_path.replace_extension(".manifest.json");
  const json manifest = read_manifest(manifest_path);

  GoldenCase result;
  try {
    result.seed = text("seed", nullptr);
    result.model = text("model", nullptr);
    result.outputs = std::stoll(text("outputs", nullptr));
    result.batch = std::stoll(text("batch", nullptr));
    result.steps = std::stoll(text("steps", "0"));
    result.lr = std::stod(text("lr", "0"));
    result.optimizer = {.kind = optimizer_kind(text("optimizer", "adam")),
                        .weight_decay = std::stod(text("weight_decay", "0")),
                        .momentum = std::stod(text("momentum", "0")),
                        .rho = std::stod(text("rho", "0.05"))};
    result.masks =
        io::parse_json<json>(text("masks", "{}"), path.string() + ", masks").get<decltype(result.masks)>();
    read_tensors(manifest, result);
  } catch (const std::logic_error& e) {  // std::stod and friends
    throw Error(path.string() + ": a number in its metadata cannot be read (" + e.what() + ")");
  } catch (const json::exception& e) {
    throw Error(manifest_path.string() + ": not a manifest of a golden case (" + e.what() + ")");
  }
  for (const std::string& name : file.names())
    result.expected.emplace_back(name, converted<double>(file.at(name)));
  file.check_unchanged();
  for (double label : result.at("labels")) result.labels.push_back(static_cast<std::int32_t>(label));
  if (static_cast<std::int64_t>(result.labels.size()) != result.batch)
    throw Error(path.string() + ": has " + std::to_string(result.labels.size()) + " labels for a batch of " +
                std::to_string(result.batch));
  return result;
}

NamedTensor golden_fill(const std::string& seed, const GoldenTensor& spec) {
  NamedTensor tensor{spec.name, DType::f32, spec.shape, {}};
  const std::int64_t count = tensor.count();
  tensor.data.resize(static_cast<std::size_t>(count) * sizeof(float));
  const std::uint64_t hash = hash_name(seed + "/" + spec.name);
  for (std::int64_t i = 0; i < count; ++i) {
    std::uint64_t z = hash + static_cast<std::uint64_t>(i + 1) * 0x9E3779B97F4A7C15ull;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
    z ^= z >> 31;
    const double v = static_cast<double>(z >> 40) * (1.0 / 8388608.0) - 1.0;
    tensor.as<float>()[i] = static_cast<float>(spec.mean + spec.scale * v);
  }
  return tensor;
}

std::vector<double> golden_sample(const std::vector<double>& values, std::size_t elements) {
  const std::size_t n = std::min(elements, values.size());
  double sum = 0, squares = 0, largest = 0;
  for (double v : values) {
    sum += v;
    squares += v * v;
    // A comparison that lets NaN through to the result.
    if (!(std::abs(v) <= largest)) largest = std::abs(v);
  }
  std::vector<double> sample{sum, std::sqrt(squares), largest};
  for (std::size_t k = 0; k < n; ++k) sample.push_back(values[k * values.size() / n]);
  return sample;
}

}  // namespace poster

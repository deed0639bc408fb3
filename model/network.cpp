#include "model/network.h"

#include <variant>

#include "engine/error.h"
#include "model/poster_v1.h"
#include "model/poster_v2.h"

namespace poster {
namespace {

struct Entry {
  ModelInfo info;
  std::variant<PosterV2Config (*)(index_t outputs), PosterV1Config (*)(index_t outputs)> config;
};

template <typename T>
std::unique_ptr<Network<T>> build(ParameterTable& table, const PosterV2Config& config) {
  return std::make_unique<PosterV2<T>>(table, config);
}
template <typename T>
std::unique_ptr<Network<T>> build(ParameterTable& table, const PosterV1Config& config) {
  return std::make_unique<PosterV1<T>>(table, config);
}

const std::vector<Entry>& entries() {
  static const std::vector<Entry> list = {
      {{.name = "poster-v2",
        .description = "POSTER V2 (POSTER++) as published, 58.3 M parameters",
        .head = "VIT.head.linear",
        .wants_pretrained = true,
        .attention_map = true},
       poster_v2_config},
      {{.name = "poster-v2-tiny",
        .description = "the same structure, narrower and shorter: for trying things out on a CPU",
        .head = "VIT.head.linear",
        .learning_rate = 3e-4,
        .batch_size = 8,
        .attention_map = true},
       poster_v2_tiny_config},
      {{.name = "poster-v1-small",
        .description = "POSTER V1 as published, four levels of the pyramid deep",
        .head = "head.linear",
        .recipe = "raf-db-v1",
        .wants_pretrained = true},
       poster_v1_small_config},
      {{.name = "poster-v1-base",
        .description = "POSTER V1, six deep",
        .head = "head.linear",
        .recipe = "raf-db-v1",
        .wants_pretrained = true},
       poster_v1_base_config},
      {{.name = "poster-v1-large",
        .description = "POSTER V1, eight deep: the paper's own",
        .head = "head.linear",
        .recipe = "raf-db-v1",
        .wants_pretrained = true},
       poster_v1_large_config},
      {{.name = "poster-v1-tiny",
        .description = "POSTER V1's structure, narrower and shorter: for trying things out on a CPU",
        .head = "head.linear",
        .recipe = "raf-db-v1",
        .learning_rate = 3e-4,
        .batch_size = 8},
       poster_v1_tiny_config},
  };
  return list;
}

const Entry& entry_of(const std::string& model) {
  std::string names;
  for (const Entry& entry : entries()) {
    if (entry.info.name == model) return entry;
    names += (names.empty() ? "" : ", ") + entry.info.name;
  }
  throw Error("model " + model + " is unknown; use one of " + names);
}

}  // namespace

const std::vector<ModelInfo>& models() {
  static const std::vector<ModelInfo> list = [] {
    std::vector<ModelInfo> infos;
    for (const Entry& entry : entries()) infos.push_back(entry.info);
    return infos;
  }();
  return list;
}

const ModelInfo& model_info(const std::string& name) { return entry_of(name).info; }

template <typename T>
std::unique_ptr<Network<T>> make_network(const std::string& model, index_t outputs, ParameterTable& table,
                                         const Freeze& freeze) {
  return std::visit(
      [&](auto make_config) {
        auto config = make_config(outputs);
        config.freeze = freeze;
        return build<T>(table, config);
      },
      entry_of(model).config);
}

template std::unique_ptr<Network<float>> make_network(const std::string&, index_t, ParameterTable&,
                                                      const Freeze&);
template std::unique_ptr<Network<double>> make_network(const std::string&, index_t, ParameterTable&,
                                                       const Freeze&);
template std::unique_ptr<Network<Half>> make_network(const std::string&, index_t, ParameterTable&,
                                                     const Freeze&);

}  // namespace poster

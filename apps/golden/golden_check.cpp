#include "apps/golden/golden_check.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "engine/error.h"
#include "io/recipe/recipe.h"
#include "model/predictor.h"
#include "model/trainer.h"

namespace poster {
namespace {

constexpr double kGroupFloor = 1e-6;
// A gradient that is zero in exact arithmetic, which shows in the reference's doubles as rounding alone, is a
// sum over a whole batch of numbers that cancel: what is left of it is held to a floor of its own.
constexpr double kRoundingAlone = 1e-12, kCancelledFloor = 1e-4;

// PReLU's derivative jumps at 0. Which side an activation falls on that is zero to within a float's rounding
// is luck, in any float implementation, and moves the gradients of its unit by 1e-2 of a sample's size. So in
// float a gradient's numbers are held to the tolerance against the tensor's own norm, and its sample as a
// vector, against its own size, to ten times that.
constexpr double kKinkSlack = 10;

struct Tolerances {
  double forward, gradient, sam_loss, sam_parameter, sam_statistic;
};
constexpr Tolerances kSixteenBits = {5e-2, 1e-1, 1e-2, 5e-2, 1e-2};

template <typename T>
Tolerances tolerances(Precision precision) {
  if constexpr (sizeof(T) == 8) return {1e-9, 1e-9, 1e-9, 1e-9, 1e-9};
  // Products of numbers of 11 significant bits, through some hundred layers.
  if (precision != Precision::float32) return kSixteenBits;
  // Adam divides a gradient by its own size, so where the exact gradient is zero (a bias in front of a
  // softmax, or of a batch norm whose like follows) a float's noise moves the parameter by up to lr a step:
  // SAM's parameters and the running means behind them are held to 1e-2.
  return {1e-4, 5e-3, 1e-3, 1e-2, 1e-2};
}

// Collects pairs of (expected, actual) and then judges them together, since the floor depends on the whole
// group.
class Comparison {
 public:
  // Whole tensors or samples [sum, norm, largest, elements…].
  void add(const std::string& name, const std::vector<double>& expected, std::vector<double> actual,
           bool sample) {
    items_.push_back({name, &expected, std::move(actual), sample});
  }

  // kink_slack: see kKinkSlack.
  GoldenGroup judge(std::string name, double tolerance, double kink_slack = 1) const {
    GoldenGroup group{
        .name = std::move(name), .tolerance = tolerance, .worst_tensor = {}, .tensors = items_.size()};
    double largest_norm = 0, largest_value = 0;
    for (const Item& item : items_) {
      largest_norm = std::max(largest_norm, norm(item));
      largest_value = std::max(largest_value, largest(item));
    }
    for (const Item& item : items_) {
      const bool cancelled = item.sample && norm(item) < kRoundingAlone * largest_norm;
      const double floor = cancelled ? kCancelledFloor : kGroupFloor;
      const double error = item_error(item, largest_norm * floor, largest_value * floor, kink_slack);
      if (!(error <= group.error)) {
        group.error = error;
        group.worst_tensor = item.name;
      }
    }
    return group;
  }

 private:
  struct Item {
    std::string name;
    const std::vector<double>* expected;
    std::vector<double> actual;
    bool sample;
  };
  static double norm(const Item& item) { return item.sample ? (*item.expected)[1] : 0; }
  static double largest(const Item& item) {
    if (item.sample) return (*item.expected)[2];
    double value = 0;
    for (double e : *item.expected) value = std::max(value, std::abs(e));
    return value;
  }
  // Every number of a sample against the tensor's norm, and its elements as a vector against their own;
  // values that are no sample as a vector.
  static double item_error(const Item& item, double norm_floor, double value_floor, double kink_slack) {
    constexpr double infinity = std::numeric_limits<double>::infinity();
    const auto& expected = *item.expected;
    if (expected.size() != item.actual.size()) return infinity;
    const std::size_t first = item.sample ? 3 : 0;
    double largest_difference = 0, squares = 0, size = 0;
    for (std::size_t i = 0; i < expected.size(); ++i) {
      // Errors of one sign add up in the sum: slack for it too.
      const double difference =
          std::abs(item.actual[i] - expected[i]) / (item.sample && i == 0 ? kink_slack : 1);
      if (!std::isfinite(difference)) return infinity;
      largest_difference = std::max(largest_difference, difference);
      if (i < first) continue;
      squares += difference * difference;
      size += expected[i] * expected[i];
    }
    const double as_vector = std::sqrt(squares) / std::max({std::sqrt(size), value_floor, kTiny});
    if (!item.sample) return as_vector;
    return std::max(largest_difference / std::max({norm(item), norm_floor, kTiny}), as_vector / kink_slack);
  }
  static constexpr double kTiny = 1e-300;
  std::vector<Item> items_;
};

// Elements in PyTorch's order: a map N H W C inside is N C H W where the reference stored it so.
template <typename T>
std::vector<double> in_reference_order(Device& device, const Tensor<T>& tensor,
                                       const std::vector<double>& wanted_shape) {
  const Shape& s = tensor.shape();
  std::vector<T> data(static_cast<std::size_t>(tensor.count()));
  device.copy_to_host(data.data(), tensor.data(), data.size() * sizeof(T));
  std::vector<double> values(data.size());
  for (std::size_t i = 0; i < data.size(); ++i) values[i] = static_cast<double>(data[i]);
  const auto is = [&](std::initializer_list<index_t> dims) {
    return std::equal(dims.begin(), dims.end(), wanted_shape.begin(), wanted_shape.end(),
                      [](index_t a, double b) { return static_cast<double>(a) == b; });
  };
  if (s.rank == 4 && is({s[0], s[3], s[1], s[2]})) {
    std::size_t k = 0;
    for (index_t n = 0; n < s[0]; ++n)
      for (index_t c = 0; c < s[3]; ++c)
        for (index_t p = 0; p < s[1] * s[2]; ++p)
          values[k++] = static_cast<double>(data[(n * s[1] * s[2] + p) * s[3] + c]);
    return values;
  }
  if (s.rank == 4 ? is({s[0], s[1], s[2], s[3]}) : s.rank == 3 ? is({s[0], s[1], s[2]}) : is({s[0], s[1]}))
    return values;
  return {};  // compared as missing
}

bool starts_with(const std::string& text, const std::string& prefix) {
  return text.compare(0, prefix.size(), prefix) == 0;
}

// Computed by the reference, used by nothing, and not computed here: exempt by the format's rules.
bool exempt(const std::string& tensor) { return starts_with(tensor, "face_landback.output_layer."); }

template <typename T>
class Checker {
 public:
  Checker(Device& device, const GoldenCase& golden)
      : golden_(golden), trainer_(device, golden.model, golden.outputs) {
    if (trainer_.parameters().table().specs().size() != golden.tensors.size())
      throw Error("the manifest lists " + std::to_string(golden.tensors.size()) + " tensors, the model " +
                  golden.model + " has " + std::to_string(trainer_.parameters().table().specs().size()));
    constexpr index_t kSide = 224;
    const NamedTensor input = golden_fill(
        golden.seed,
        {.name = "input", .shape = {golden.batch, 3, kSide, kSide}, .filled = true, .mean = 0, .scale = 2});
    images_.resize(input.count());
    for (index_t n = 0, k = 0; n < golden.batch; ++n)
      for (index_t c = 0; c < 3; ++c)
        for (index_t p = 0; p < kSide * kSide; ++p)
          images_[(n * kSide * kSide + p) * 3 + c] = input.as<float>()[k++];
    batch_ = {.images = images_.data(),
              .labels = golden.labels.data(),
              .count = golden.batch,
              .height = kSide,
              .width = kSide};
  }

  std::vector<GoldenGroup> run() {
    std::vector<GoldenGroup> groups;
    const Tolerances tolerance = tolerances<T>(trainer_.device().precision());
    fill();
    check_eval(groups, tolerance);
    trainer_.prepare_training(golden_.optimizer, loss(), 0);
    check_train(groups, tolerance);
    if (golden_.steps > 0) check_sam(groups, tolerance);
    return groups;
  }

 private:
  // The model's own.
  LossOptions loss() const {
    const io::Recipe recipe = io::recipe_by_name(model_info(golden_.model).recipe);
    return {.smoothing = recipe.label_smoothing, .weight = recipe.loss_weight};
  }

  void fill() { fill(trainer_.parameters()); }
  void fill(Parameters<acc_t<T>>& parameters) {
    const auto& specs = parameters.table().specs();
    for (std::size_t id = 0; id < specs.size(); ++id) {
      const GoldenTensor& tensor = golden_.tensors[id];
      if (tensor.name != specs[id].name || tensor.shape != specs[id].shape)
        throw Error("tensor " + std::to_string(id) + " is " + tensor.name + " in the manifest and " +
                    specs[id].name + " in the model " + golden_.model + ", or has another shape");
      if (tensor.filled)
        parameters.import_value(static_cast<ParameterId>(id), golden_fill(golden_.seed, tensor).view());
    }
  }

  void check_eval(std::vector<GoldenGroup>& groups, const Tolerances& tolerance) {
    Comparison logits;
    const auto result = trainer_.evaluate(batch_);
    logits.add("eval.logits", golden_.at("eval.logits"), {result.logits.begin(), result.logits.end()}, false);

    std::map<std::string, std::vector<double>> seen;
    trainer_.hooks().probe = [&](std::string_view stage, const Tensor<T>& tensor) {
      const std::string name(stage);
      for (const auto& [key, shape] : golden_.expected)
        if (key == "eval.shape." + name) seen[name] = in_reference_order(trainer_.device(), tensor, shape);
    };
    const auto with_all_tokens = trainer_.evaluate(batch_);
    trainer_.hooks().probe = {};
    logits.add("eval.logits (all tokens)", golden_.at("eval.logits"),
               {with_all_tokens.logits.begin(), with_all_tokens.logits.end()}, false);
    if constexpr (!std::is_same_v<T, double>) {
      Predictor predictor(trainer_.device(), golden_.model, golden_.outputs,
                          [&](Parameters<acc_t<T>>& parameters) { fill(parameters); });
      const auto folded = predictor.logits(images_.data(), batch_.count, batch_.height, batch_.width);
      logits.add("eval.logits (batch norms folded)", golden_.at("eval.logits"),
                 {folded.begin(), folded.end()}, false);
    }
    groups.push_back(logits.judge("logits", tolerance.forward));

    const std::string prefix = "eval.stage.";
    for (const auto& [key, expected] : golden_.expected) {
      if (!starts_with(key, prefix)) continue;
      const std::string stage = key.substr(prefix.size());
      Comparison comparison;
      comparison.add(key, expected, golden_sample(seen[stage], expected.size() - 3), true);
      groups.push_back(comparison.judge("stage " + stage, tolerance.forward));
    }
  }

  void check_train(std::vector<GoldenGroup>& groups, const Tolerances& tolerance) {
    trainer_.hooks().drop_path_factors = [&](std::string_view module, int call, double rate) {
      std::vector<acc_t<T>> factors;
      const auto masks = golden_.masks.find(std::string(module));
      if (masks == golden_.masks.end()) return factors;
      for (double mask : masks->second.at(call)) factors.push_back(static_cast<acc_t<T>>(mask / (1 - rate)));
      return factors;
    };
    const auto result = trainer_.forward_backward(batch_);
    Comparison logits, loss, gradients, buffers;
    logits.add("train.logits", golden_.at("train.logits"), {result.logits.begin(), result.logits.end()},
               false);
    loss.add("train.loss", golden_.at("train.loss"), {result.loss}, false);
    const double loss_scale = trainer_.step_state().loss_scale;
    compare_named(gradients, "grad.", [&](ParameterId id) {
      NamedTensor gradient = trainer_.parameters().export_trained(id, trainer_.parameters().gradient());
      for (std::int64_t i = 0; i < gradient.count(); ++i)
        gradient.as<acc_t<T>>()[i] /= static_cast<acc_t<T>>(loss_scale);
      return gradient;
    });
    compare_named(buffers, "after_one_forward.",
                  [&](ParameterId id) { return trainer_.parameters().export_value(id); });
    groups.push_back(logits.judge("train logits", tolerance.forward));
    groups.push_back(loss.judge("loss", tolerance.forward));
    groups.push_back(gradients.judge("gradients", tolerance.gradient, sizeof(T) == 8 ? 1 : kKinkSlack));
    groups.push_back(buffers.judge("BN statistics", tolerance.forward));
  }

  void check_sam(std::vector<GoldenGroup>& groups, const Tolerances& tolerance) {
    fill();
    trainer_.hooks().drop_path_factors = [](std::string_view, int, double) {
      return std::vector<acc_t<T>>();
    };
    std::vector<double> all_losses;
    for (std::int64_t step = 0; step < golden_.steps; ++step)
      for (const auto& pass : trainer_.step(batch_, golden_.lr)) all_losses.push_back(pass.loss);
    Comparison losses, parameters, buffers;
    losses.add("sam.losses", golden_.at("sam.losses"), all_losses, false);
    const auto value = [&](ParameterId id) { return trainer_.parameters().export_value(id); };
    compare_named(parameters, "sam.param.", value);
    compare_named(buffers, "sam.buffer.", value);
    groups.push_back(losses.judge("SAM losses", tolerance.sam_loss));
    groups.push_back(parameters.judge("SAM parameters", tolerance.sam_parameter));
    groups.push_back(buffers.judge("SAM BN statistics", tolerance.sam_statistic));
  }

  // Every expected sample whose name is prefix + a tensor of the model.
  template <typename F>
  void compare_named(Comparison& comparison, const std::string& prefix, F&& actual) {
    const auto& specs = trainer_.parameters().table().specs();
    std::map<std::string, ParameterId> ids;
    for (std::size_t id = 0; id < specs.size(); ++id) ids[specs[id].name] = static_cast<ParameterId>(id);
    for (const auto& [key, expected] : golden_.expected) {
      if (!starts_with(key, prefix)) continue;
      const std::string name = key.substr(prefix.size());
      if (exempt(name)) continue;
      const auto id = ids.find(name);
      if (id == ids.end())
        throw Error("the golden case has " + key + ", which the model " + golden_.model + " lacks");
      comparison.add(key, expected, golden_sample(to_doubles(actual(id->second)), expected.size() - 3), true);
    }
  }

  const GoldenCase& golden_;
  Trainer<T> trainer_;
  std::vector<acc_t<T>> images_;
  BasicHostBatch<acc_t<T>> batch_;
};

}  // namespace

template <typename T>
std::vector<GoldenGroup> check_golden_case(Device& device, const GoldenCase& golden) {
  return Checker<T>(device, golden).run();
}

template std::vector<GoldenGroup> check_golden_case<float>(Device&, const GoldenCase&);
template std::vector<GoldenGroup> check_golden_case<double>(Device&, const GoldenCase&);
template std::vector<GoldenGroup> check_golden_case<Half>(Device&, const GoldenCase&);

}  // namespace poster

#include "model/predictor.h"

#include <algorithm>
#include <limits>
#include <vector>

#include "engine/context.h"
#include "engine/error.h"
#include "engine/executor.h"
#include "engine/layers/conv_batch_norm.h"
#include "engine/softmax.h"
#include "kernels/cast/cast.h"
#include "kernels/strided_rows/strided_rows.h"
#include "model/network.h"

namespace poster {
namespace {

// Means over heads of softmax(scale q kᵀ) for one query an image.
template <typename T>
void mean_attention(const std::vector<T>& q, const std::vector<T>& k, const kernels::AttentionShape& s,
                    std::vector<float>& result) {
  std::vector<double> scores(static_cast<std::size_t>(s.keys)), mean(scores.size());
  result.clear();
  for (index_t b = 0; b < s.batch; ++b) {
    std::fill(mean.begin(), mean.end(), 0);
    for (index_t h = 0; h < s.heads; ++h) {
      const T* const query = q.data() + b * s.q_stride + h * s.head_size;
      for (index_t t = 0; t < s.keys; ++t) {
        const T* const key = k.data() + (b * s.keys + t) * s.kv_stride + h * s.head_size;
        double dot = 0;
        for (index_t i = 0; i < s.head_size; ++i)
          dot += static_cast<double>(query[i]) * static_cast<double>(key[i]);
        scores[t] = s.scale * dot;
      }
      softmax<double>(scores);
      for (index_t t = 0; t < s.keys; ++t) mean[t] += scores[t] / static_cast<double>(s.heads);
    }
    for (double weight : mean) result.push_back(static_cast<float>(weight));
  }
}

}  // namespace

class Predictor::Implementation {
 public:
  virtual ~Implementation() = default;
  virtual void reserve(index_t count, index_t height, index_t width) = 0;
  virtual PlannedMemory memory_needs(index_t count, index_t height, index_t width) = 0;
  virtual void run(const float* images, index_t count, index_t height, index_t width) = 0;
  virtual void keep_attention(bool keep) = 0;
  virtual std::size_t model_bytes() const = 0;
  virtual std::size_t activation_bytes() const = 0;

  std::vector<float> results, attention;
};

template <typename T>
class Predictor::Typed : public Predictor::Implementation {
 public:
  Typed(Device& device, const std::string& model, index_t outputs,
        const std::function<void(Parameters<float>&)>& set_weights)
      : device_(device),
        outputs_(outputs),
        executor_(device, 1),
        network_([&] {
          ParameterTable table;
          auto network = make_network<T>(model, outputs, table);
          parameters_ = std::make_unique<Parameters<float>>(
              device, table,
              Parameters<float>::Options{.rounded = std::is_same_v<T, Half>, .keep_dead = false});
          return network;
        }()),
        resources_{.device = device,
                   .arena = executor_.arena(),
                   .parameters = *parameters_,
                   .lanes = &executor_.lanes()} {
    set_weights(*parameters_);
    fold_norms();
  }

  void reserve(index_t count, index_t height, index_t width) override {
    with_task(nullptr, count, height, width, [&](const Task& task) { executor_.reserve(task); });
  }

  PlannedMemory memory_needs(index_t count, index_t height, index_t width) override {
    PlannedMemory needs;
    with_task(nullptr, count, height, width,
              [&](const Task& task) { needs = executor_.dry_run(task.record); });
    return needs;
  }

  void run(const float* images, index_t count, index_t height, index_t width) override {
    with_task(images, count, height, width, [&](const Task& task) {
      executor_.submit(task);
      const T* const logits = reinterpret_cast<const T*>(executor_.wait().results);
      executor_.release();  // the only one: nobody overwrites it before the next batch
      results.resize(static_cast<std::size_t>(count * outputs_));
      std::transform(logits, logits + count * outputs_, results.begin(),
                     [](T x) { return static_cast<float>(x); });
    });
  }

  void keep_attention(bool keep) override {
    attention.clear();
    if (!keep) {
      hooks_.class_attention = {};
      return;
    }
    hooks_.class_attention = [this](const T* q, const T* k, const kernels::AttentionShape& shape) {
      // Up to the last key's last head: the values behind it belong to the same tensor, but not all of it is
      // ours.
      const index_t keys = (shape.batch * shape.keys - 1) * shape.kv_stride + shape.heads * shape.head_size;
      std::vector<T> host_q(static_cast<std::size_t>(shape.batch * shape.q_stride)),
          host_k(static_cast<std::size_t>(keys));
      device_.copy_to_host(host_q.data(), q, host_q.size() * sizeof(T));
      device_.copy_to_host(host_k.data(), k, host_k.size() * sizeof(T));
      mean_attention(host_q, host_k, shape, attention);
    };
  }

  std::size_t model_bytes() const override { return parameters_->model_bytes(); }
  std::size_t activation_bytes() const override { return executor_.arena().bytes(); }

 private:
  template <typename F>
  void with_task(const float* images, index_t count, index_t height, index_t width, F&& f) {
    if (count < 1 || height < 1 || width < 1)
      throw Error("predictor: a batch of " + std::to_string(count) + " images of " + std::to_string(width) +
                  "x" + std::to_string(height) + "; give one image or more, of one pixel or more");
    const BatchKey key{.count = count, .height = height, .width = width};
    const BatchInput input{
        .data = images,
        .bytes = static_cast<std::size_t>(Shape{count, height, width, 3}.count()) * sizeof(float)};
    f(Task{.key = key,
           .inputs = {&input, 1},
           .result_bytes = static_cast<std::size_t>(count * outputs_) * sizeof(T),
           .record = [this, &key] { forward(key.count, key.height, key.width); },
           .use_graph = !hooks_.want_computing()});
  }

  // A pass that computes nothing tells which batch norms have a convolution before them.
  void fold_norms() {
    std::vector<FoldedNorm> norms;
    hooks_.foldable = [&](const FoldedNorm& norm) { norms.push_back(norm); };
    executor_.dry_run([&] { forward(1, kInputSide, kInputSide); });
    hooks_.foldable = {};
    fold(*parameters_, norms);
    folded_ = true;
  }

  void forward(index_t count, index_t height, index_t width) {
    Context<T> c{.resources = resources_, .pass = {.folded = folded_}, .hooks = hooks_};
    const Tensor<T> images = c.tensor({count, height, width, 3});
    const auto* const input = reinterpret_cast<const float*>(executor_.input(0));
    c.run([&](auto& queue) {
      kernels::run(queue, kernels::Cast<T>{.y = images.data(), .x = input, .count = images.count()});
    });
    const Tensor<T> logits = network_->forward(c, images);
    c.run(kernels::StridedRows<T>{.out = reinterpret_cast<T*>(executor_.results()),
                                  .x = logits.data(),
                                  .rows = count,
                                  .columns = outputs_,
                                  .out_stride = outputs_,
                                  .x_stride = outputs_});
  }

  Device& device_;
  index_t outputs_;
  Executor executor_;  // outlives the network, which may hold tensors of its arena
  std::unique_ptr<Parameters<float>> parameters_;
  std::unique_ptr<Network<T>> network_;
  Resources<T> resources_;
  Hooks<T> hooks_;
  bool folded_ = false;
};

Predictor::Predictor(Device& device, const std::string& model, index_t outputs,
                     const std::function<void(Parameters<float>&)>& set_weights)
    : model_(model), outputs_(outputs) {
  if (device.precision() == Precision::float16)
    implementation_ = std::make_unique<Typed<Half>>(device, model, outputs, set_weights);
  else
    implementation_ = std::make_unique<Typed<float>>(device, model, outputs, set_weights);
}

Predictor::~Predictor() = default;
Predictor::Predictor(Predictor&&) noexcept = default;
Predictor& Predictor::operator=(Predictor&&) noexcept = default;

void Predictor::reserve(index_t count, index_t height, index_t width) {
  implementation_->reserve(count, height, width);
}

PlannedMemory Predictor::memory_needs(index_t count, index_t height, index_t width) {
  return implementation_->memory_needs(count, height, width);
}

std::span<const float> Predictor::logits(const float* images, index_t count, index_t height, index_t width) {
  implementation_->run(images, count, height, width);
  return implementation_->results;
}

std::span<const float> Predictor::probabilities(const float* images, index_t count, index_t height,
                                                index_t width) {
  implementation_->run(images, count, height, width);
  const std::span<float> rows(implementation_->results);
  const auto columns = static_cast<std::size_t>(outputs_);
  for (std::size_t at = 0; at < rows.size(); at += columns) softmax(rows.subspan(at, columns));
  return implementation_->results;
}

void Predictor::keep_attention(bool keep) {
  if (keep && !model_info(model_).attention_map)
    throw Error("attention: the class token of " + model_ +
                " does not look at places of the image; leave attention out, or use a POSTER V2");
  implementation_->keep_attention(keep);
}
std::span<const float> Predictor::attention() const { return implementation_->attention; }
std::size_t Predictor::model_bytes() const { return implementation_->model_bytes(); }
std::size_t Predictor::activation_bytes() const { return implementation_->activation_bytes(); }

}  // namespace poster

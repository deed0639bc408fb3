#include "model/trainer.h"

#include <algorithm>
#include <cstring>

#include "engine/error.h"
#include "kernels/cast/cast.h"
#include "kernels/cross_entropy/cross_entropy.h"
#include "kernels/strided_rows/strided_rows.h"

namespace poster {
namespace {

std::size_t aligned(std::size_t bytes) { return (bytes + 255) / 256 * 256; }

// As PyTorch's GradScaler.
constexpr double kFirstLossScale = 65536;
constexpr std::int64_t kGrowthInterval = 2000;

template <typename T>
constexpr bool kScalesLoss = !std::is_same_v<T, acc_t<T>>;

}  // namespace

template <typename T>
Trainer<T>::Trainer(Device& device, const std::string& model, index_t outputs, const Freeze& freeze)
    : device_(device),
      outputs_(outputs),
      network_([&] {
        ParameterTable table;
        auto network = make_network<T>(model, outputs, table, freeze);
        parameters_ = std::make_unique<Parameters<P>>(device, table, std::is_same_v<T, Half>);
        return network;
      }()),
      state_(device.allocate(sizeof(kernels::StepState))),
      context_{.device = device_,
               .arena = arena_,
               .parameters = *parameters_,
               .state = state_.template as<kernels::StepState>(),
               .probe = {},
               .drop_path_factors = {}},
      slots_(Base::kInFlight) {
  kernels::StepState state;
  if (kScalesLoss<T>) state.loss_scale = kFirstLossScale;
  set_step_state(state);
}

template <typename T>
void Trainer<T>::prepare_training(const OptimizerOptions& options, const LossOptions& loss,
                                  std::uint64_t seed) {
  parameters_->prepare_training();
  optimizer_.emplace(device_, *parameters_, options, context_.state, kScalesLoss<T> ? kGrowthInterval : 0);
  loss_ = loss;
  context_.seed = seed;
}

template <typename T>
kernels::StepState Trainer<T>::step_state() {
  kernels::StepState state;
  device_.copy_to_host(&state, state_.data(), sizeof state);
  return state;
}

template <typename T>
void Trainer<T>::set_step_state(const kernels::StepState& state) {
  device_.copy_from_host(state_.data(), &state, sizeof state);
}

template <typename T>
typename Trainer<T>::Kind Trainer<T>::kind_of(typename Kind::Task task, const HostBatch<P>& batch) {
  return {.task = task,
          .count = batch.count,
          .height = batch.height,
          .width = batch.width,
          .store = batch.store,
          .labels = batch.labels != nullptr};
}

template <typename T>
typename Trainer<T>::InputLayout Trainer<T>::input_layout(const Kind& kind) const {
  const auto count = static_cast<std::size_t>(kind.count);
  InputLayout layout{.learning_rate = 0, .labels = aligned(sizeof(double)), .pictures = 0, .bytes = 0};
  layout.pictures = layout.labels + aligned(count * sizeof(std::int32_t));
  const std::size_t one = kind.store ? sizeof(kernels::PictureAugmentation)
                                     : static_cast<std::size_t>(kind.height * kind.width * 3) * sizeof(P);
  layout.bytes = layout.pictures + aligned(count * one);
  return layout;
}

template <typename T>
typename Trainer<T>::PassLayout Trainer<T>::pass_layout(index_t count) const {
  const std::size_t logits = aligned(static_cast<std::size_t>(count * outputs_) * sizeof(T));
  return {
      .logits = 0, .losses = logits, .bytes = logits + aligned(static_cast<std::size_t>(count) * sizeof(P))};
}

template <typename T>
void Trainer<T>::submit_evaluation(const HostBatch<P>& batch) {
  submit(kind_of(Kind::Task::evaluation, batch), batch, 0);
}

template <typename T>
void Trainer<T>::submit_step(const HostBatch<P>& batch, double lr) {
  submit(kind_of(Kind::Task::step, batch), batch, lr);
}

template <typename T>
PassResult<acc_t<T>> Trainer<T>::forward_backward(const HostBatch<P>& batch) {
  submit(kind_of(Kind::Task::pass, batch), batch, 0);
  return std::move(collect().front());
}

template <typename T>
void Trainer<T>::submit(const Kind& kind, const HostBatch<P>& batch, double lr) {
  if (in_flight() == Base::kInFlight) throw Error("trainer: collect() a batch before submitting another");
  plan(kind);
  Slot& slot = slots_[next_slot_];
  const InputLayout layout = input_layout(kind);
  const int passes = kind.passes(sam());
  const std::size_t result_bytes = pass_layout(kind.count).bytes * passes;
  if (slot.input.size() < layout.bytes) slot.input = device_.allocate_host(layout.bytes);
  if (slot.results.size() < result_bytes) slot.results = device_.allocate_host(result_bytes);
  std::byte* const host = slot.input.data();
  std::memcpy(host + layout.learning_rate, &lr, sizeof lr);
  if (batch.labels)
    std::memcpy(host + layout.labels, batch.labels,
                static_cast<std::size_t>(batch.count) * sizeof(std::int32_t));
  if (kind.store)
    std::memcpy(host + layout.pictures, batch.augmentations,
                static_cast<std::size_t>(batch.count) * sizeof(kernels::PictureAugmentation));
  else
    std::memcpy(host + layout.pictures, batch.images,
                static_cast<std::size_t>(batch.count * batch.height * batch.width * 3) * sizeof(P));
  device_.send(input_.data(), host, layout.bytes);
  device_.send(&context_.state->learning_rate, host + layout.learning_rate, sizeof lr);
  run_or_replay(kind);
  device_.fetch(slot.results.data(), results_.data(), result_bytes);
  if (auto* queue = device_.cuda()) {
    if (!slot.done) slot.done.emplace();
    slot.done->record(*queue);
  }
  slot.count = kind.count;
  slot.passes = passes;
  slot.labels = kind.labels;
  waiting_.push_back(next_slot_);
  next_slot_ = (next_slot_ + 1) % Base::kInFlight;
}

template <typename T>
std::vector<PassResult<acc_t<T>>> Trainer<T>::collect() {
  if (waiting_.empty()) throw Error("trainer: nothing was submitted");
  Slot& slot = slots_[waiting_.front()];
  waiting_.pop_front();
  if (slot.done) slot.done->wait();
  const PassLayout layout = pass_layout(slot.count);
  std::vector<PassResult<P>> results(slot.passes);
  for (int pass = 0; pass < slot.passes; ++pass) {
    const std::byte* const block = slot.results.data() + pass * layout.bytes;
    const T* const logits = reinterpret_cast<const T*>(block + layout.logits);
    const P* const losses = reinterpret_cast<const P*>(block + layout.losses);
    PassResult<P>& result = results[pass];
    for (index_t i = 0; i < slot.count * outputs_; ++i) result.logits.push_back(static_cast<P>(logits[i]));
    double sum = 0;
    for (index_t i = 0; slot.labels && i < slot.count; ++i) sum += static_cast<double>(losses[i]);
    result.loss = sum / static_cast<double>(slot.count);
  }
  return results;
}

// Once without a graph, so that libraries have loaded what they need; then captured and replayed.
template <typename T>
void Trainer<T>::run_or_replay(const Kind& kind) {
  kernels::CudaQueue* const queue = device_.cuda();
  Replay& replay = planned_.at(kind);
  const bool hooks = context_.probe || context_.drop_path_factors;
  if (!queue || !use_graphs_ || hooks || !replay.ran) {
    run(kind);
    replay.ran = true;
    return;
  }
  if (replay.graph.ready()) {
    parameters_->add_to_counters(replay.counter_moves);
  } else {
    std::vector<std::int64_t> before = parameters_->counters();
    replay.graph.begin(*queue);
    try {
      run(kind);
    } catch (...) {
      replay.graph.abandon(*queue);
      throw;
    }
    replay.graph.end(*queue);
    replay.counter_moves = parameters_->counters();
    for (std::size_t i = 0; i < before.size(); ++i) replay.counter_moves[i] -= before[i];
  }
  replay.graph.launch(*queue);
}

template <typename T>
void Trainer<T>::run(const Kind& kind) {
  context_.training = kind.task != Kind::Task::evaluation;
  const Tensor<T> images = input(kind);
  switch (kind.task) {
    case Kind::Task::evaluation:
      run_pass(kind, images, FrozenFeatures::compute, 0, false);
      return;
    case Kind::Task::pass:
      return train_pass(kind, images, FrozenFeatures::compute, 0);
    case Kind::Task::step:
      train_pass(kind, images, sam() ? FrozenFeatures::compute_and_keep : FrozenFeatures::compute, 0);
      if (sam()) {
        if (!arena_.planning()) optimizer_->climb();
        train_pass(kind, images, FrozenFeatures::reuse, 1);
      }
      if (!arena_.planning()) optimizer_->update();
  }
}

// The batch's pictures in T, from the input block.
template <typename T>
Tensor<T> Trainer<T>::input(const Kind& kind) {
  Tensor<T> images = context_.tensor({kind.count, kind.height, kind.width, 3});
  const std::byte* const pictures = input_.data() + input_layout(kind).pictures;
  if (!kind.store) {
    context_.run([&](auto& queue) {
      kernels::cast(
          queue, kernels::Cast<T>{
                     .y = images.data(), .x = reinterpret_cast<const P*>(pictures), .count = images.count()});
    });
    return images;
  }
  if constexpr (kernels::CudaQueue::computes<T>) {
    if (arena_.planning()) device_.cuda()->set_planning(true);
    kind.store->gather(images, reinterpret_cast<const kernels::PictureAugmentation*>(pictures),
                       static_cast<int>(kind.store->size() / kind.height));
    device_.cuda()->set_planning(false);
  }
  return images;
}

// Forward and loss, which go to the results of this pass. Returns the gradient of the logits when it is
// wanted.
template <typename T>
Tensor<T> Trainer<T>::run_pass(const Kind& kind, const Tensor<T>& images, FrozenFeatures frozen, int pass,
                               bool want_gradient) {
  const Tensor<T> logits = network_->forward(context_, images, frozen);
  Tensor<T> dlogits = want_gradient ? context_.tensor(logits.shape()) : Tensor<T>();
  const PassLayout layout = pass_layout(kind.count);
  std::byte* const block = results_.data() + pass * layout.bytes;
  // An evaluation reports plain cross-entropy, whatever the training minimises.
  const LossOptions loss = kind.task == Kind::Task::evaluation ? LossOptions{} : loss_;
  context_.run([&](auto& queue) {
    kernels::strided_rows(queue, kernels::StridedRows<T>{.out = reinterpret_cast<T*>(block + layout.logits),
                                                         .x = logits.data(),
                                                         .rows = kind.count,
                                                         .columns = outputs_,
                                                         .out_stride = outputs_,
                                                         .x_stride = outputs_});
    if (!kind.labels) return;
    kernels::cross_entropy(
        queue, kernels::CrossEntropy<T>{
                   .losses = reinterpret_cast<P*>(block + layout.losses),
                   .dx = dlogits.data(),
                   .x = logits.data(),
                   .labels = reinterpret_cast<const std::int32_t*>(input_.data() + input_layout(kind).labels),
                   .batch = kind.count,
                   .classes = outputs_,
                   .smoothing = loss.smoothing,
                   .weight = loss.weight,
                   .dx_scale = &context_.state->loss_scale});
  });
  return dlogits;
}

template <typename T>
void Trainer<T>::train_pass(const Kind& kind, const Tensor<T>& images, FrozenFeatures frozen, int pass) {
  const Tensor<T> dlogits = run_pass(kind, images, frozen, pass, true);
  context_.run([&](auto& queue) {
    kernels::step_control(queue,
                          {.state = context_.state, .action = kernels::StepControl::Action::next_pass});
  });
  network_->backward(context_, dlogits);
}

template class Trainer<float>;
template class Trainer<double>;
template class Trainer<Half>;

std::unique_ptr<TrainerBase<float>> make_trainer(Device& device, const std::string& model, index_t outputs,
                                                 const Freeze& freeze) {
  if (device.precision() == Precision::float16)
    return std::make_unique<Trainer<Half>>(device, model, outputs, freeze);
  return std::make_unique<Trainer<float>>(device, model, outputs, freeze);
}

}  // namespace poster

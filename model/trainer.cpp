#include "model/trainer.h"

#include <algorithm>
#include <array>
#include <limits>

#include "engine/byte_text.h"
#include "engine/error.h"
#include "kernels/cast/cast.h"
#include "kernels/cross_entropy/cross_entropy.h"
#include "kernels/strided_rows/strided_rows.h"

namespace poster {
namespace {

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
        parameters_ = std::make_unique<Parameters<P>>(
            device, table, typename Parameters<P>::Options{.rounded = std::is_same_v<T, Half>});
        executor_ = std::make_unique<Executor>(device, Base::kInFlight, &parameters_->counters());
        return network;
      }()),
      state_(device.allocate(sizeof(kernels::StepState))),
      resources_{.device = device,
                 .arena = executor_->arena(),
                 .parameters = *parameters_,
                 .state = state_.template as<kernels::StepState>(),
                 .lanes = &executor_->lanes()} {
  kernels::StepState state;
  if (kScalesLoss<T>) state.loss_scale = kFirstLossScale;
  set_step_state(state);
}

template <typename T>
void Trainer<T>::prepare_training(const OptimizerOptions& options, const LossOptions& loss,
                                  std::uint64_t seed) {
  executor_->forget_plans();  // they are of other options, and of arrays that are allocated anew
  parameters_->prepare_training();
  optimizer_.emplace(device_, *parameters_, options, resources_.state, kScalesLoss<T> ? kGrowthInterval : 0);
  loss_ = loss;
  seed_ = seed;
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
typename Trainer<T>::Job Trainer<T>::job_of(Work work, const BasicHostBatch<P>& batch, double lr) const {
  const auto* const stored = std::get_if<StoredImages>(&batch.images);
  const ImageStore* const store = stored ? stored->store : nullptr;
  if (store && (batch.height < 1 || batch.height != batch.width || store->size() % batch.height != 0))
    throw Error("trainer: images of " + std::to_string(store->size()) + " pixels cannot be handed over as " +
                std::to_string(batch.height) + "x" + std::to_string(batch.width));
  Job job{.key = {.task = static_cast<int>(work),
                  .count = batch.count,
                  .height = batch.height,
                  .width = batch.width,
                  .store = store ? store->id() : 0,
                  .labels = batch.labels != nullptr},
          .store = store,
          .lr = lr,
          .inputs = {},
          .result_bytes = 0};
  const auto count = static_cast<std::size_t>(batch.count);
  job.inputs[0] = {.bytes = sizeof job.lr, .destination = &resources_.state->learning_rate};
  job.inputs[1] = {.data = batch.labels, .bytes = job.key.labels ? count * sizeof(std::int32_t) : 0};
  if (stored)
    job.inputs[2] = {.data = stored->augmentations, .bytes = count * sizeof(kernels::ImageAugmentation)};
  else
    job.inputs[2] = {
        .data = std::get<const P*>(batch.images),
        .bytes =
            static_cast<std::size_t>(Shape{batch.count, batch.height, batch.width, 3}.count()) * sizeof(P)};
  job.result_bytes = pass_layout(batch.count).bytes * static_cast<std::size_t>(passes(job.key));
  return job;
}

template <typename T>
typename Trainer<T>::PassLayout Trainer<T>::pass_layout(index_t count) const {
  const std::size_t logits = Executor::aligned(static_cast<std::size_t>(count * outputs_) * sizeof(T));
  return {.logits = 0,
          .losses = logits,
          .bytes = logits + Executor::aligned(static_cast<std::size_t>(count) * sizeof(P))};
}

template <typename T>
MemoryNeeds Trainer<T>::memory_needs(const Job& job) {
  const PlannedMemory planned = executor_->dry_run([&] { record(job); });
  return {.model = parameters_->model_bytes(),
          .training =
              job.key.task == static_cast<int>(Work::step) ? parameters_->training_bytes() : std::size_t{0},
          .activations = planned.activations,
          .scratch = planned.all_scratch(),
          .batches = Executor::bytes_of(job.inputs) + job.result_bytes};
}

template <typename T>
typename Trainer<T>::Job Trainer<T>::job_of(Use use, index_t count, index_t height, index_t width) const {
  const std::int32_t labels = 0;  // that there are some
  return job_of(use == Use::training ? Work::step : Work::evaluation,
                {.images = {}, .labels = &labels, .count = count, .height = height, .width = width}, 0);
}

template <typename T>
MemoryNeeds Trainer<T>::memory_needs(Use use, const BasicHostBatch<P>& batch) {
  return memory_needs(job_of(use == Use::training ? Work::step : Work::evaluation, batch, 0));
}

template <typename T>
MemoryNeeds Trainer<T>::memory_needs(Use use, index_t count, index_t height, index_t width) {
  const Job job = job_of(use, count, height, width);
  if (const auto needs = needs_if_possible(job)) return *needs;
  throw Error("a batch of " + std::to_string(count) +
              " is more than the device can compute at once; use a "
              "smaller --batch-size");
}

// Each size takes a dry run, and new plans of the libraries: memory grows nearly in a line, along which few
// are tried.
template <typename T>
index_t Trainer<T>::largest_batch(std::size_t bytes, index_t height, index_t width) {
  constexpr double kTooMuch = std::numeric_limits<double>::infinity();
  const auto room = static_cast<double>(bytes);
  const auto needed = [&](index_t count) {
    const auto needs = needs_if_possible(Use::training, count, height, width);
    return needs ? static_cast<double>(needs->total()) : kTooMuch;
  };
  const double one = static_cast<double>(memory_needs(Use::training, 1, height, width).total());
  if (one > room) return 0;
  // The size at which the line through two others meets what there is.
  struct Point {
    index_t count;
    double bytes;
  };
  const auto meets = [&](const Point& a, const Point& b) {
    const double slope = (b.bytes - a.bytes) / static_cast<double>(b.count - a.count);
    constexpr double kLargest = 1e9;
    return static_cast<index_t>(
        std::min(static_cast<double>(a.count) + (slope > 0 ? (room - a.bytes) / slope : kLargest), kLargest));
  };
  Point low{1, one}, high{2, needed(2)};  // low fits; high doesn't, from the end of this loop on
  while (high.bytes <= room) {
    const index_t next = std::clamp(meets(low, high) + 1, high.count + 1, 64 * high.count);
    low = high;
    high = {next, needed(next)};
  }
  for (bool halve = false; high.count - low.count > 1; halve = !halve) {
    index_t next = low.count + (high.count - low.count) / 2;
    if (!halve && high.bytes < kTooMuch) next = std::clamp(meets(low, high), low.count + 1, high.count - 1);
    const Point tried{next, needed(next)};
    (tried.bytes <= room ? low : high) = tried;
  }
  return low.count;
}

// Empty where it is out of the question, on a CUDA device: the images alone are more than 2^31 numbers, or
// some kernel or library refuses that size, but not that of a single image.
template <typename T>
std::optional<MemoryNeeds> Trainer<T>::needs_if_possible(const Job& job) {
  constexpr index_t kMaxNumbers = index_t{1} << 31;
  if (device_.cuda() &&
      job.key.count > kMaxNumbers / std::max<index_t>(1, 3 * job.key.height * job.key.width))
    return std::nullopt;
  try {
    return memory_needs(job);
  } catch (const kernels::CudaError&) {
    if (job.key.count == 1) throw;
  }
  Job one = job;
  one.key.count = 1;
  memory_needs(one);  // or what is wrong isn't the size
  return std::nullopt;
}

// Where the device says how much it has left: refuses what does not fit before anything is allocated.
template <typename T>
void Trainer<T>::check_memory(const Job& job) {
  const auto free = device_.free_memory();
  if (!free) return;
  const auto needs = needs_if_possible(job);
  const std::size_t available = *free + executor_->held_bytes();
  std::string message = "a batch of " + std::to_string(job.key.count);
  if (needs) {
    const std::size_t needed = needs->activations + needs->scratch + needs->batches;
    if (needed <= available) return;
    message +=
        " needs " + mebibytes(needed) + " on the device, where " + mebibytes(available) + " are free; ";
  } else {
    message += " is more than the device can compute at once; ";
  }
  const std::size_t others = parameters_->model_bytes() + parameters_->training_bytes();
  const index_t largest = largest_batch(available + others, job.key.height, job.key.width);
  message += largest > 0 ? "use --batch-size " + std::to_string(largest) + " or less"
                         : "not even a batch of one fits: use a device with more memory";
  throw Error(message);
}

template <typename T>
void Trainer<T>::submit_evaluation(const BasicHostBatch<P>& batch) {
  submit(Work::evaluation, batch, 0);
}

template <typename T>
void Trainer<T>::submit_step(const BasicHostBatch<P>& batch, double lr) {
  submit(Work::step, batch, lr);
}

template <typename T>
PassResult<acc_t<T>> Trainer<T>::forward_backward(const BasicHostBatch<P>& batch) {
  submit(Work::pass, batch, 0);
  return std::move(collect().front());
}

template <typename T>
void Trainer<T>::submit(Work work, const BasicHostBatch<P>& batch, double lr) {
  Job job = job_of(work, batch, lr);
  job.inputs[0].data = &job.lr;
  if (!executor_->has_plan(job.key)) check_memory(job);
  executor_->submit({.key = job.key,
                     .inputs = job.inputs,
                     .result_bytes = job.result_bytes,
                     .record = [&] { record(job); },
                     .changes_state = work != Work::evaluation,
                     .use_graph = use_graphs_ && !hooks_.want_computing()});
}

template <typename T>
std::vector<PassResult<acc_t<T>>> Trainer<T>::collect() {
  const Executor::Finished finished = executor_->wait();
  const index_t count = finished.key.count;
  const PassLayout layout = pass_layout(count);
  std::vector<PassResult<P>> results(static_cast<std::size_t>(passes(finished.key)));
  const std::byte* block = finished.results;
  for (PassResult<P>& result : results) {
    const T* const logits = reinterpret_cast<const T*>(block + layout.logits);
    const P* const losses = reinterpret_cast<const P*>(block + layout.losses);
    for (index_t i = 0; i < count * outputs_; ++i) result.logits.push_back(static_cast<P>(logits[i]));
    double sum = 0;
    for (index_t i = 0; finished.key.labels && i < count; ++i) sum += static_cast<double>(losses[i]);
    result.loss = sum / static_cast<double>(count);
    block += layout.bytes;
  }
  executor_->release();
  return results;
}

template <typename T>
void Trainer<T>::record(const Job& job) {
  const Work work = static_cast<Work>(job.key.task);
  Context<T> c{.resources = resources_,
               .pass = {.training = work != Work::evaluation, .seed = seed_},
               .hooks = hooks_};
  const Tensor<T> x = images(c, job);
  switch (work) {
    case Work::evaluation:
      run_pass(c, job, x, FrozenFeatures::compute, 0);
      return;
    case Work::pass:
      return train_pass(c, job, x, FrozenFeatures::compute, 0);
    case Work::step: {
      train_pass(c, job, x, sam() ? FrozenFeatures::compute_and_keep : FrozenFeatures::compute, 0);
      // A queue that plans computes nothing; the CPU would.
      const bool optimizes = !c.planning() || (optimizer_ && device_.cuda());
      if (sam()) {
        if (optimizes) optimizer_->ascend();
        train_pass(c, job, x, FrozenFeatures::reuse, 1);
      }
      if (optimizes) optimizer_->update();
    }
  }
}

// The batch's images in T.
template <typename T>
Tensor<T> Trainer<T>::images(Context<T>& c, const Job& job) {
  Tensor<T> images = c.tensor({job.key.count, job.key.height, job.key.width, 3});
  const std::byte* const input = executor_->input(2);
  if (!job.store) {
    c.run([&](auto& queue) {
      kernels::run(queue,
                   kernels::Cast<T>{
                       .y = images.data(), .x = reinterpret_cast<const P*>(input), .count = images.count()});
    });
  } else if constexpr (kernels::CudaQueue::computes<T>) {
    job.store->gather(images, reinterpret_cast<const kernels::ImageAugmentation*>(input),
                      static_cast<int>(job.store->size() / job.key.height));
  }
  return images;
}

// Forward and loss, which go to the results of this pass. Returns the gradient of the logits in train mode.
template <typename T>
Tensor<T> Trainer<T>::run_pass(Context<T>& c, const Job& job, const Tensor<T>& images, FrozenFeatures frozen,
                               int pass) {
  const Tensor<T> logits = network_->forward(c, images, frozen);
  Tensor<T> dlogits = c.pass.training ? c.tensor(logits.shape()) : Tensor<T>();
  const PassLayout layout = pass_layout(job.key.count);
  std::byte* const block = executor_->results() + static_cast<std::size_t>(pass) * layout.bytes;
  // An evaluation reports plain cross-entropy, whatever the training minimises.
  const LossOptions loss = c.pass.training ? loss_ : LossOptions{};
  c.run([&](auto& queue) {
    kernels::run(queue, kernels::StridedRows<T>{.out = reinterpret_cast<T*>(block + layout.logits),
                                                .x = logits.data(),
                                                .rows = job.key.count,
                                                .columns = outputs_,
                                                .out_stride = outputs_,
                                                .x_stride = outputs_});
    if (!job.key.labels) return;
    kernels::run(
        queue, kernels::CrossEntropy<T>{.losses = reinterpret_cast<P*>(block + layout.losses),
                                        .dx = dlogits.data(),
                                        .x = logits.data(),
                                        .labels = reinterpret_cast<const std::int32_t*>(executor_->input(1)),
                                        .batch = job.key.count,
                                        .classes = outputs_,
                                        .smoothing = loss.smoothing,
                                        .weight = loss.weight,
                                        .dx_scale = &c.resources.state->loss_scale});
  });
  return dlogits;
}

template <typename T>
void Trainer<T>::train_pass(Context<T>& c, const Job& job, const Tensor<T>& images, FrozenFeatures frozen,
                            int pass) {
  const Tensor<T> dlogits = run_pass(c, job, images, frozen, pass);
  c.run([&](auto& queue) {
    kernels::run(queue, kernels::StepControl{.state = c.resources.state,
                                             .action = kernels::StepControl::Action::next_pass});
  });
  network_->backward(c, dlogits);
  c.join();  // the optimizer reads all gradients
}

template class Trainer<float>;
template class Trainer<double>;
template class Trainer<Half>;

std::unique_ptr<TrainerBase> make_trainer(Device& device, const std::string& model, index_t outputs,
                                          const Freeze& freeze) {
  if (device.precision() == Precision::float16)
    return std::make_unique<Trainer<Half>>(device, model, outputs, freeze);
  return std::make_unique<Trainer<float>>(device, model, outputs, freeze);
}

}  // namespace poster

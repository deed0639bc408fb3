#include <algorithm>
#include <cmath>
#include <deque>
#include <nlohmann/json.hpp>

#include "engine/error.h"
#include "io/checkpoint/checkpoint.h"
#include "io/checkpoint/initial_weights.h"
#include "io/checkpoint/torch_checkpoint.h"
#include "io/data/loader.h"
#include "io/device/open_device.h"
#include "io/face/viewed_dataset.h"
#include "io/format/quoted_name.h"
#include "io/format/utf8.h"
#include "io/run/device_images.h"
#include "io/run/evaluation.h"
#include "io/run/run_health.h"
#include "io/run/training_run.h"
#include "io/settings/settings.h"
#include "model/network.h"
#include "poster/trainer.h"

namespace poster {
namespace {

// As poster_train resolves them.
Settings settings_of(const std::string& data, const TrainingOptions& options) {
  Settings s;
  s.data = data;
  s.model = options.model;
  const ModelInfo& info = model_info(s.model);
  s.recipe = io::recipe_by_name(options.recipe.empty() ? info.recipe : options.recipe);
  if (info.learning_rate > 0) s.recipe.learning_rate = info.learning_rate;
  if (info.batch_size > 0) s.recipe.batch_size = info.batch_size;
  s.recipe.epochs = options.epochs.value_or(s.recipe.epochs);
  s.recipe.batch_size = options.batch_size.value_or(s.recipe.batch_size);
  s.recipe.learning_rate = options.learning_rate.value_or(s.recipe.learning_rate);
  s.recipe.rho = options.rho.value_or(s.recipe.rho);
  s.seed = options.seed;
  s.precision = precision_by_name(options.precision);
  s.preparation = io::find_preparation(data, "train");
  const auto valid = io::find_preparation(data, s.split);
  if (!io::same_look(s.preparation ? s.preparation->view : io::ViewOptions{},
                     valid ? valid->view : io::ViewOptions{}))
    throw Error(data + ": train was prepared as \"" + io::describe(s.preparation) + "\", valid as \"" +
                io::describe(valid) + "\"; a training needs both with the same view");
  s.view = s.preparation && s.preparation->changes_view() ? s.preparation->view
                                                          : io::with_place_of(s.view, s.preparation);
  if (s.view.view == io::View::lower) s.recipe.resize = io::ResizeMode::stretch;
  if (!io::is_utf8(data))
    throw Error("data " + io::quoted_name(data) +
                ": checkpoints keep the path, and it is not UTF-8; rename the folder");
  return settings_from_json(to_json(s));  // which checks every range
}

}  // namespace

class Training::Implementation {
 public:
  std::vector<std::string> notes;  // of opening the device, too

  Implementation(const std::string& data, const TrainingOptions& options)
      : device_(
            io::open_device(options.device, options.threads, precision_by_name(options.precision), notes)),
        settings(settings_of(data, options)),
        train_data_(data, "train", std::nullopt, settings.folder_rule()),
        valid_data_(data, settings.split, train_data_.classes(), settings.folder_rule()),
        train_views_(train_data_, io::remaining_view(settings.view, settings.preparation, data)),
        valid_views_(valid_data_, train_views_.view()) {
    settings.classes = train_data_.classes();
    const std::int64_t batch = settings.recipe.batch_size;
    settings.drop_last = batch > 1 && train_data_.size() % batch == 1;
    check_batch_size(settings, train_data_.size());
    for (const io::ImageFolder* folder : {&train_data_, &valid_data_})
      if (!folder->left_out().empty()) notes.push_back(folder->root() + ": " + folder->left_out().line());
    InitialWeights weights(
        {.pretrained_dir = options.pretrained_dir, .network = options.weights, .new_head = options.new_head});
    trainer_ =
        make_trainer(device_, settings.model, weights.outputs(std::ssize(settings.classes)), settings.freeze);
    for (const std::string& line : weights.apply(*trainer_, settings.model, settings.seed))
      notes.push_back("weights of " + line);
    settings.initial_weights = weights.record();
    trainer_->prepare_training(settings.optimizer(), settings.loss(), settings.seed);
    health_.emplace(*trainer_, std::filesystem::path());
    make_loaders(options.workers);
    position.train_listing = io::listing_text(train_data_.listing_hash());
    position.valid_listing = io::listing_text(valid_data_.listing_hash());
  }

  Epoch train_epoch(const std::function<void(const Progress&)>& on_step) {
    check_whole();
    whole_ = false;
    const Epoch epoch = train_and_evaluate(on_step);
    whole_ = true;
    return epoch;
  }

  void save(const std::filesystem::path& path) {
    check_whole();
    if (path.extension() == ".pth")
      save_torch_checkpoint(path, *trainer_, settings, position, {.module_prefix = true});
    else
      save_checkpoint(path, *trainer_, settings, position, io::KeepPrevious::no);
  }

 private:
  struct Pending {
    std::int64_t number;
    std::vector<std::int32_t> labels;
  };

  void check_whole() const {
    if (!whole_)
      throw Error(
          "training: an epoch has ended in the middle by an error; "
          "begin anew, or go on from the last checkpoint with poster_train --resume");
  }

  Epoch train_and_evaluate(const std::function<void(const Progress&)>& on_step) {
    if (position.epoch >= settings.recipe.epochs)
      throw Error("training: all " + std::to_string(settings.recipe.epochs) + " epochs are done; give more");
    const double rate = settings.recipe.learning_rate * std::pow(settings.recipe.gamma, position.epoch);
    train_loader_->start_epoch(static_cast<std::uint64_t>(position.epoch));
    io::Batch batch;
    while (train_loader_->next(batch)) {
      trainer_->submit_step(host_batch(batch, train_store_.get()), rate);
      pending_.push_back({batch.number, {batch.labels.begin(), batch.labels.begin() + batch.size}});
      // The CPU computes within the call.
      take_results(device_.cuda() ? TrainerBase::kInFlight - 1 : 0, on_step);
    }
    take_results(0, on_step);
    if (const std::string line = health_->check(position); !line.empty()) notes.push_back(line);
    Epoch result{.number = position.epoch + 1,
                 .learning_rate = rate,
                 .train_loss = average(position.loss_sum),
                 .train_accuracy = average(position.correct_sum)};
    const Evaluation evaluation = evaluate_split(*trainer_, valid_data_, *valid_loader_, valid_store_.get(),
                                                 1 << 30, [](const std::string&) {});
    result.valid_loss = evaluation.loss;
    result.valid_accuracy = evaluation.confusion.accuracy();
    result.best = result.valid_accuracy > position.best_accuracy;
    position = {.epoch = position.epoch + 1,
                .best_accuracy = result.best ? result.valid_accuracy : position.best_accuracy,
                .best_epoch = result.best ? position.epoch : position.best_epoch,
                .train_listing = position.train_listing,
                .valid_listing = position.valid_listing};
    return result;
  }

  void make_loaders(int workers) {
    if (!io::needs_unprepared(settings.recipe))
      train_store_ = make_image_store(*trainer_, settings, train_data_.size());
    valid_store_ = make_image_store(*trainer_, settings, valid_data_.size());
    const auto make = [&](std::optional<io::BatchLoader>& loader, const io::Dataset& images, bool train,
                          const ImageStore* store) {
      loader.emplace(images, settings.recipe, settings.recipe.batch_size, settings.seed, workers,
                     io::LoaderOptions{.train = train,
                                       .out_size = input_side(settings),
                                       .drop_last_if_one = settings.drop_last,
                                       .for_device = store != nullptr});
    };
    make(train_loader_, train_views_, true, train_store_.get());
    make(valid_loader_, valid_views_, false, valid_store_.get());
  }

  double average(double sum) const {
    return sum / static_cast<double>(std::max<std::int64_t>(position.images, 1));
  }

  // Of all but `keep` of the batches in flight.
  void take_results(int keep, const std::function<void(const Progress&)>& on_step) {
    while (std::ssize(pending_) > keep) {
      const Pending batch = std::move(pending_.front());
      pending_.pop_front();
      const std::int64_t outputs = trainer_->outputs();
      for (const auto& pass : trainer_->collect()) {
        health_->check_loss(pass.loss, position.epoch, batch.number);
        int correct = 0;
        for (std::size_t i = 0; i < batch.labels.size(); ++i)
          correct += predicted_class(pass.logits.data() + static_cast<std::int64_t>(i) * outputs, outputs) ==
                     batch.labels[i];
        position.loss_sum += pass.loss * static_cast<double>(batch.labels.size());
        position.correct_sum += 100.0 * correct;
        position.images += std::ssize(batch.labels);
      }
      position.step = batch.number + 1;
      if (on_step)
        on_step({.epoch = position.epoch + 1,
                 .step = position.step,
                 .steps = train_loader_->batches_per_epoch(),
                 .train_loss = average(position.loss_sum),
                 .train_accuracy = average(position.correct_sum)});
    }
  }

  Device device_;

 public:
  Settings settings;
  Position position;

 private:
  io::ImageFolder train_data_, valid_data_;
  io::ViewedDataset train_views_, valid_views_;
  std::unique_ptr<TrainerBase> trainer_;
  std::optional<RunHealth> health_;
  std::unique_ptr<ImageStore> train_store_, valid_store_;  // null: images are streamed
  std::optional<io::BatchLoader> train_loader_, valid_loader_;
  std::deque<Pending> pending_;
  bool whole_ = true;  // no epoch has ended in the middle
};

Training::Training(const std::string& data, const TrainingOptions& options)
    : implementation_(std::make_unique<Implementation>(data, options)) {}
Training::~Training() = default;
Training::Training(Training&&) noexcept = default;
Training& Training::operator=(Training&&) noexcept = default;

const std::vector<std::string>& Training::classes() const { return implementation_->settings.classes; }
const std::vector<std::string>& Training::notes() const { return implementation_->notes; }
int Training::epochs() const { return implementation_->settings.recipe.epochs; }
bool Training::done() const { return implementation_->position.epoch >= epochs(); }

Epoch Training::train_epoch(const std::function<void(const Progress&)>& on_step) {
  return implementation_->train_epoch(on_step);
}

void Training::save(const std::string& path) { implementation_->save(path); }

}  // namespace poster

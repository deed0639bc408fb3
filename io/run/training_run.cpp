#include "io/run/training_run.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>

#include "engine/error.h"
#include "io/checkpoint/torch_checkpoint.h"
#include "io/console/output.h"
#include "io/console/stop_signal.h"
#include "io/format/shell_line.h"
#include "io/plot/curves.h"
#include "io/run/device_images.h"
#include "io/run/evaluation_record.h"
#include "io/run/log_format.h"
#include "io/run/run_banner.h"
#include "io/run/run_json.h"
#include "io/run/run_state.h"
#include "io/run/run_tensorboard.h"
#include "model/network.h"

namespace poster {
namespace {

using Clock = std::chrono::steady_clock;

constexpr double kSecondsBeforeEstimate = 10;

// Batches that may compute while the next is put on the queue. The CPU computes within the call.
int batches_ahead(Device& device) { return device.cuda() ? TrainerBase::kInFlight - 1 : 0; }

Position first_position(const StartingPoint& start) {
  Position position = start.resume ? start.resume->position() : Position{};
  if (start.start_epoch < 0) return position;
  return {
      .epoch = start.start_epoch, .best_accuracy = position.best_accuracy, .best_epoch = position.best_epoch};
}

std::int64_t steps_of_epoch(const Settings& settings, std::int64_t images) {
  const std::int64_t batch = settings.recipe.batch_size;
  return (images + batch - 1) / batch - (settings.drop_last && images % batch == 1 ? 1 : 0);
}

std::int64_t outputs_of(const StartingPoint& start, std::int64_t classes, const std::string& data) {
  if (!start.resume) return start.weights->outputs(classes);
  if (start.resume->outputs() >= classes) return start.resume->outputs();
  throw Error(start.resume->path().string() + ": has " + std::to_string(start.resume->outputs()) +
              " outputs, " + data + " has " + std::to_string(classes) +
              " classes; train anew with --weights and --new-head, or give its own data");
}

}  // namespace

// `done`: of the epoch in hand.
void check_batch_size(const Settings& settings, std::int64_t images, std::int64_t done) {
  const std::string train = settings.data + "/train";
  const std::int64_t batch = settings.recipe.batch_size;
  if (batch < 2)
    throw Error("--batch-size " + std::to_string(batch) +
                ": batch norm cannot train on batches of one image; use 2 or more");
  if (batch > images)
    throw Error("--batch-size " + std::to_string(batch) + " is larger than the " + std::to_string(images) +
                " images in " + train + "; use --batch-size " + std::to_string(images) + " or less");
  if (images % batch == 1 && !settings.drop_last)
    throw Error(train + ": with --batch-size " + std::to_string(batch) + " the last of its " +
                std::to_string(images) +
                " images would be a batch of its own, on which batch norm cannot train; "
                "use another --batch-size, or --drop-last to leave such an image out of each epoch");
  if (done > 0 && (images - done) % batch == 1 && !settings.drop_last)
    throw Error(
        "--batch-size " + std::to_string(batch) + ": " + std::to_string(done) + " of the " +
        std::to_string(images) +
        " images of the epoch in hand are done, and the last of the others would be a batch of its own, "
        "on which batch norm cannot train; use another --batch-size, or --drop-last");
}

TrainingRun::TrainingRun(Device& device, const Settings& settings, const RunOptions& options,
                         io::RunFolder folder, const StartingPoint& start)
    : device_(device),
      settings_(settings),
      options_(options),
      folder_(std::move(folder)),
      train_data_(settings.data, "train", classes_or_none(settings), settings.folder_rule()),
      valid_data_(settings.data, settings.split, train_data_.classes(), settings.folder_rule()),
      train_views_(train_data_, io::remaining_view(settings.view, settings.preparation, settings.data)),
      valid_views_(valid_data_, train_views_.view()),
      trainer_(make_trainer(device, settings.model,
                            outputs_of(start, std::ssize(train_data_.classes()), settings.data),
                            settings.freeze)),
      position_(first_position(start)),
      log_(folder_.log()),
      metrics_(folder_.metrics(), position_.epoch) {
  settings_.classes = train_data_.classes();
  listings_ = list_splits(settings_);
  take_up(start);
  for (const io::ImageFolder* data : {&train_data_, &valid_data_})
    if (!data->left_out().empty()) say("Data: " + data->root() + ": " + data->left_out().line());
  start_from(start);
  health_.emplace(*trainer_, folder_.path());
  if (const auto wrong = trainer_->parameters().find_non_finite())
    throw Error((start.resume ? start.resume->path().string() : "the initial weights") + ": " + *wrong +
                "; begin from another checkpoint");
  make_loaders();
  if (options_.tensorboard || io::TensorBoardLog::in(folder_.path()))
    tensorboard_.emplace(begin_tensorboard(folder_, settings_, metrics_.rows(), position_));
  for (const std::string& line : start.notes) say(line);
  write_status(run_states::kRunning);
  if (start.resume) save_what_a_kill_left_out(*start.resume);
}

// The files of an epoch are written one after another: the run that goes on may have been killed between two.
void TrainingRun::save_what_a_kill_left_out(const Checkpoint& resumed) {
  const std::filesystem::path last = folder_ / "last.safetensors";
  std::error_code none;
  if (position_.epoch == 0 || position_.epoch_images > 0) return;
  if (std::filesystem::equivalent(resumed.path(), folder_ / "best.safetensors", none) &&
      !std::filesystem::exists(last, none))
    save("last.safetensors");
  else if (!std::filesystem::equivalent(resumed.path(), last, none))
    return;
  save_torch_files();
}

// Where the run stands in its data, and what has changed since it was saved. Nothing is said or written
// before all of it is known to be possible.
void TrainingRun::take_up(const StartingPoint& start) {
  ResumeChanges changes = start.changes;
  if (start.resume)
    check_data(*start.resume, settings_, train_data_, valid_data_, start.allow_changes, changes);
  if (changes.other_order && position_.epoch_images > 0) {
    changes.said.push_back("so the order of epoch " + std::to_string(position_.epoch) +
                           " is another one: it begins anew");
    position_ = {.epoch = position_.epoch,
                 .best_accuracy = position_.best_accuracy,
                 .best_epoch = position_.best_epoch};
  }
  if (changes.other_valid && position_.best_epoch >= 0) {
    changes.said.push_back("so the best accuracy so far is of other images: the best state is found anew");
    position_.best_accuracy = Position{}.best_accuracy;
    position_.best_epoch = Position{}.best_epoch;
  }
  if (position_.epoch_images > train_data_.size())
    throw Error(start.resume->path().string() + ": stands behind image " +
                std::to_string(position_.epoch_images) + " of an epoch, and " + train_data_.root() +
                " holds " + std::to_string(train_data_.size()) +
                "; give the data that it was trained on, or another checkpoint");
  check_batch_size(settings_, train_data_.size(), position_.epoch_images);
  position_.train_listing = io::listing_text(train_data_.listing_hash());
  position_.valid_listing = io::listing_text(valid_data_.listing_hash());
  for (const std::string& line : changes.said) say("Changed: " + line);
  for (const std::string& text : changes.recorded)
    settings_.changes.push_back("epoch " + std::to_string(position_.epoch) + ", image " +
                                std::to_string(position_.epoch_images) + ": " + text);
}

void TrainingRun::make_loaders() {
  if (!io::needs_unprepared(settings_.recipe))
    train_store_ = make_image_store(*trainer_, settings_, train_data_.size());
  valid_store_ = make_image_store(*trainer_, settings_, valid_data_.size());
  io::LoaderOptions train_options{
      .train = true,
      .out_size = input_side(settings_),
      .drop_last_if_one = settings_.drop_last,
      .cache_bytes = options_.cache_bytes,
      .for_device = train_store_ != nullptr,
      .skip_bad = settings_.skip_bad,
      .on_bad = [this](const std::string& message) { say("Skipped: " + message); }};
  io::LoaderOptions valid_options = train_options;
  valid_options.train = false;
  valid_options.for_device = valid_store_ != nullptr;
  train_loader_.emplace(train_views_, settings_.recipe, settings_.recipe.batch_size, settings_.seed,
                        options_.workers, train_options);
  valid_loader_.emplace(valid_views_, settings_.recipe, settings_.recipe.batch_size, settings_.seed,
                        options_.workers, valid_options);
}

void TrainingRun::start_from(const StartingPoint& start) {
  if (start.resume) {
    if (const std::string summary = start.resume->load_weights(trainer_->parameters());
        summary.find('(') != summary.npos)
      say("Weights: " + summary);
  } else {
    for (const std::string& line : start.weights->apply(*trainer_, settings_.model, settings_.seed))
      say("Weights of " + line);
    settings_.initial_weights = start.weights->record();
    warn_about_random_weights(*start.weights);
  }
  trainer_->prepare_training(settings_.optimizer(), settings_.loss(), settings_.seed);
  if (start.resume) {
    const bool moments = start.resume->load_training_state(*trainer_);
    say("Resumed from " + start.resume->path().string() + " at epoch " + std::to_string(position_.epoch) +
        ", step " + std::to_string(position_.step) +
        (position_.epoch_images > 0 ? ", behind image " + std::to_string(position_.epoch_images) + " of " +
                                          std::to_string(train_data_.size())
                                    : "") +
        (moments ? "" : "; the file holds no moments of the optimizer, which starts anew"));
  }
  if (settings_.freeze != Freeze{}) say("Frozen: " + freeze_name(settings_.freeze));
  if (trainer_->outputs() > std::ssize(settings_.classes))
    say("The network has " + std::to_string(trainer_->outputs()) + " outputs for " +
        std::to_string(settings_.classes.size()) + " classes; --new-head would give it as many as classes");
}

void TrainingRun::warn_about_random_weights(const InitialWeights& weights) {
  if (!model_info(settings_.model).wants_pretrained || (weights.have_ir50() && weights.have_landmarks()))
    return;
  const std::string which = weights.have_ir50()        ? "the landmark network has"
                            : weights.have_landmarks() ? "the image backbone has"
                                                       : "both backbones have";
  say("WARNING: " + which +
      " RANDOM weights. The published accuracies need pretrained ones: "
      "give --pretrained-dir DIR with ir50.pth and mobilefacenet_model_best.pth.tar, or --weights FILE" +
      (settings_.freeze.landmarks && !weights.have_landmarks()
           ? "; what is frozen stays random (--freeze none trains it)."
           : "."));
}

void TrainingRun::say(const std::string& line) { say(line, line); }

void TrainingRun::say(const std::string& line, const std::string& for_people) {
  tell(for_people);
  log_.line(line);
}

void TrainingRun::tell(const std::string& line) {
  progress_.clear();
  poster::say(line);
}

double TrainingRun::learning_rate() const {
  return settings_.recipe.learning_rate * std::pow(settings_.recipe.gamma, position_.epoch);
}

void TrainingRun::save(const char* name) {
  save_checkpoint(folder_ / name, *trainer_, settings_, position_,
                  options_.keep == "newest" ? io::KeepPrevious::no : io::KeepPrevious::yes);
}

void TrainingRun::save_torch(const std::filesystem::path& path) {
  if (path.has_parent_path()) std::filesystem::create_directories(path.parent_path());
  save_torch_checkpoint(path, *trainer_, settings_, position_, {.module_prefix = true});
}

// The .pth files that were asked for, after an epoch.
void TrainingRun::save_torch_files() {
  if (!options_.torch_last.empty()) save_torch(options_.torch_last);
  const bool best = position_.best_epoch == position_.epoch - 1;
  if (best && !options_.torch_best.empty()) save_torch(options_.torch_best);
}

bool TrainingRun::run() {
  try {
    return train();
  } catch (const DivergedError& error) {
    end_by_error(run_states::kDiverged, error.what());
    throw;
  } catch (const std::exception& error) {
    end_by_error(run_states::kFailed, error.what());
    throw;
  }
}

bool TrainingRun::train() {
  if (position_.epoch >= settings_.recipe.epochs)
    say("Nothing to train: " + std::to_string(position_.epoch) + " of " +
        std::to_string(settings_.recipe.epochs) + " epochs are done; --epochs gives more");
  else
    for (const std::string& line : run_banner(settings_, trainer_->parameters(), train_data_, valid_data_,
                                              {.device = device_.description(),
                                              .folder = folder_.path().string(),
                                              .first_epoch = position_.epoch,
                                              .steps = steps_of_epoch(settings_, train_data_.size()),
                                              .checkpoints = options_.keep == "newest" ? 2 : 4}))
      tell(line);
  while (position_.epoch < settings_.recipe.epochs)
    if (!run_epoch()) {
      say("Stopped on request. Go on with: " +
          io::shell_line({"poster_train", "--resume", "auto", "--out", folder_.path().string()}));
      write_status(run_states::kStopped);
      return false;
    }
  write_status(run_states::kFinished);
  return true;
}

void TrainingRun::write_status(const char* state, const std::string& message) {
  write_run_json(folder_, {state, message}, device_.description(), settings_, position_, train_data_,
                 valid_data_, listings_);
}

// The error that ends the run is on its way; what else goes wrong here is less than that.
void TrainingRun::end_by_error(const char* state, const std::string& message) {
  progress_.clear();
  try {
    log_.line("Ended: " + message);
  } catch (const std::exception&) {
  }
  try {
    write_status(state, message);
  } catch (const std::exception&) {
  }
}

bool TrainingRun::run_epoch() {
  const double lr = learning_rate();
  log_.line(io::format_learning_rate_line(lr));
  if (!std::isfinite(lr) || lr <= 0)
    throw Error("the learning rate of epoch " + std::to_string(position_.epoch) + " is " +
                io::python_float_repr(lr) + "; use another --lr or --gamma");
  train_loader_->start_epoch(static_cast<std::uint64_t>(position_.epoch), position_.epoch_images,
                             position_.step);
  const std::int64_t steps = train_loader_->batches_per_epoch();
  progress_.start(
      "Epoch " + std::to_string(position_.epoch + 1) + "/" + std::to_string(settings_.recipe.epochs), steps);
  io::AverageMeter loss, accuracy;
  if (position_.images > 0) {
    loss.add(position_.loss_sum / static_cast<double>(position_.images), position_.images);
    accuracy.add(position_.correct_sum / static_cast<double>(position_.images), position_.images);
  }
  const auto start = Clock::now();
  const std::int64_t first_step = position_.step;
  io::Batch batch;
  while (train_loader_->next(batch)) {
    submit(batch, lr);
    const bool stop = stop_requested() && batch.number + 1 < steps;
    take_results(stop ? 0 : batches_ahead(device_), loss, accuracy);
    estimate(std::chrono::duration<double>(Clock::now() - start).count(), position_.step - first_step, steps);
    if (stop) {
      check_health();
      save("last.safetensors");
      return false;
    }
  }
  take_results(0, loss, accuracy);
  const std::int64_t epoch = position_.epoch;
  finish_epoch(std::chrono::duration<double>(Clock::now() - start).count());
  say(epoch_time_line(epoch, settings_.recipe.epochs, metrics_.rows().back().images_per_second,
                      std::chrono::duration<double>(Clock::now() - start).count()));
  return !stop_requested() || position_.epoch >= settings_.recipe.epochs;
}

// Once, when there is something to go by; the first epoch may take an hour.
void TrainingRun::estimate(double seconds, std::int64_t done, std::int64_t steps) {
  if (estimated_ || seconds < kSecondsBeforeEstimate || done < 1) return;
  estimated_ = true;
  const std::int64_t left =
      steps * (settings_.recipe.epochs - position_.epoch) - position_.step;  // evaluations are not counted
  tell("Training takes about " +
       io::format_duration(seconds / static_cast<double>(done) * static_cast<double>(left)) +
       " from here, at " +
       std::to_string(std::llround(static_cast<double>(done * settings_.recipe.batch_size) / seconds)) +
       " images/s");
}

void TrainingRun::submit(const io::Batch& batch, double lr) {
  trainer_->submit_step(host_batch(batch, train_store_.get()), lr);
  pending_.push_back({batch.number, batch.end, {batch.labels.begin(), batch.labels.begin() + batch.size}});
}

void TrainingRun::take_results(int keep, io::AverageMeter& loss, io::AverageMeter& accuracy) {
  while (std::ssize(pending_) > keep) {
    const Pending batch = std::move(pending_.front());
    pending_.pop_front();
    const auto size = static_cast<std::int64_t>(batch.labels.size()), outputs = trainer_->outputs();
    for (const auto& pass : trainer_->collect()) {
      health_->check_loss(pass.loss, position_.epoch, batch.number);
      int correct = 0;
      for (std::int64_t i = 0; i < size; ++i)
        correct += predicted_class(pass.logits.data() + i * outputs, outputs) ==
                   batch.labels[static_cast<std::size_t>(i)];
      const double share = 100.0 * correct / static_cast<double>(size);
      loss.add(pass.loss, static_cast<int>(size));
      accuracy.add(share, static_cast<int>(size));
      position_.loss_sum += pass.loss * static_cast<double>(size);
      position_.correct_sum += 100.0 * correct;
      position_.images += size;
    }
    if (batch.number % options_.print_freq == 0)
      say(io::format_epoch_line(position_.epoch, static_cast<int>(batch.number),
                                static_cast<int>(train_loader_->batches_per_epoch()), loss, accuracy));
    progress_.advance(static_cast<int>(size), loss.average(), accuracy.average());
    position_.step = batch.number + 1;
    position_.epoch_images = batch.end;
  }
}

void TrainingRun::check_health() {
  if (const std::string line = health_->check(position_); !line.empty()) say(line);
}

io::EpochMetrics TrainingRun::metrics_of(const Evaluation& evaluation, double seconds) const {
  const double images = static_cast<double>(std::max<std::int64_t>(position_.images, 1));
  const double passes = settings_.recipe.rho > 0 ? 2 : 1;
  return {.epoch = position_.epoch,
          .learning_rate = learning_rate(),
          .train_loss = position_.loss_sum / images,
          .train_accuracy = position_.correct_sum / images,
          .valid_loss = evaluation.loss,
          .valid_accuracy = evaluation.confusion.accuracy(),
          .seconds = seconds,
          .images_per_second = static_cast<double>(position_.images) / passes / seconds};
}

void TrainingRun::finish_epoch(double seconds) {
  check_health();
  const Evaluation evaluation = [&] {
    try {
      return evaluate_split(*trainer_, valid_data_, *valid_loader_, valid_store_.get(), options_.print_freq,
                            [&](const std::string& line) { say(line); });
    } catch (const NotFiniteError& error) {
      health_->diverged(error.what(), position_.epoch, position_.step);
    }
  }();
  const double accuracy = evaluation.confusion.accuracy();
  const bool best = accuracy > position_.best_accuracy;
  if (best) {
    position_.best_accuracy = accuracy;
    position_.best_epoch = position_.epoch;
  }
  char best_accuracy[96];
  std::snprintf(best_accuracy, sizeof best_accuracy, "Best accuracy so far: %.2f %%, of epoch %d",
                position_.best_accuracy, static_cast<int>(position_.best_epoch) + 1);
  say(io::format_best_accuracy_line(static_cast<float>(position_.best_accuracy)), best_accuracy);
  metrics_.add(metrics_of(evaluation, seconds));
  io::plot_curves(folder_ / "curves", settings_.model + ", " + settings_.recipe.name, metrics_.rows());
  for (const char* state : {"last", "best"})
    if (best || state == std::string("last"))
      write_evaluation(folder_,
                       {.state = state,
                        .checkpoint = std::string(state) + ".safetensors",
                        .epoch = position_.epoch,
                        .listing_hash = listings_[settings_.split].hash,
                        .trained = &settings_},
                       settings_, evaluation);
  if (tensorboard_) add_to_tensorboard(*tensorboard_, folder_, settings_, metrics_.rows().back(), best);

  ++position_.epoch;
  position_.step = position_.epoch_images = 0;
  position_.images = 0;
  position_.loss_sum = position_.correct_sum = 0;
  // Best first: a run that is killed between the two goes on from the last one, does this epoch again and
  // finds the same; the other way round it would never save this best state.
  if (best) save("best.safetensors");
  save("last.safetensors");
  save_torch_files();
}

}  // namespace poster

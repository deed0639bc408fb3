#include "io/checkpoint/position_record.h"

namespace poster {
namespace {

using io::setting;

constexpr double kAny = io::SettingRange::kAny, kMaxImages = io::kMaxImages, kMaxSteps = 1e15;
constexpr int kWithLossScale = 3, kWithListings = 5;

const io::SettingTable<Position>& counters() {
  using P = Position;
  static const io::SettingTable<P> rows = {
      setting(&P::epoch, {.key = "epoch", .range = {.low = 0, .high = io::kMaxEpochs}}),
      setting(&P::step, {.key = "step", .range = {.low = 0, .high = kMaxImages}}),
      // Earlier versions counted batches alone.
      setting(&P::epoch_images,
              {.key = "pictures", .range = {.low = 0, .high = kMaxImages}, .since = kWithListings}),
      setting(&P::best_accuracy, {.key = "best_accuracy", .range = {.low = -1, .high = 100}}),
      setting(&P::best_epoch, {.key = "best_epoch", .range = {.low = -1, .high = io::kMaxEpochs}}),
      setting(&P::loss_sum, {.key = "loss_sum"}),
      setting(&P::correct_sum, {.key = "correct_sum", .range = {.low = 0, .high = kAny}}),
      setting(&P::images, {.key = "images", .range = {.low = 0, .high = kMaxSteps}})};
  return rows;
}

const io::SettingTable<kernels::StepState>& state() {
  using S = kernels::StepState;
  constexpr io::SettingRange steps{.low = 0, .high = kMaxSteps};
  static const io::SettingTable<S> rows = {
      setting(&S::updates, {.key = "optimizer_steps", .range = steps}),
      setting(&S::forward_pass, {.key = "forward_passes", .range = steps}),
      setting(&S::loss_scale, {.key = "loss_scale", .range = {.low = 0}, .since = kWithLossScale}),
      setting(&S::good_steps, {.key = "good_steps", .range = steps, .since = kWithLossScale}),
      setting(&S::skipped_steps, {.key = "skipped_steps", .range = steps, .since = kWithLossScale})};
  return rows;
}

const io::SettingTable<Position>& listings() {
  using P = Position;
  static const io::SettingTable<P> rows = {
      setting(&P::train_listing, {.key = "train_listing", .since = kWithListings, .written_if_set = true}),
      setting(&P::valid_listing, {.key = "valid_listing", .since = kWithListings, .written_if_set = true})};
  return rows;
}

io::SettingTable<PositionRecord> make_table() {
  io::SettingTable<PositionRecord> table;
  io::add_settings_of(&PositionRecord::position, "", counters(), 1, table);
  io::add_settings_of(&PositionRecord::state, "", state(), 1, table);
  io::add_settings_of(&PositionRecord::position, "", listings(), 1, table);
  return table;
}

}  // namespace

const io::SettingTable<PositionRecord>& PositionRecord::table() {
  static const io::SettingTable<PositionRecord> table = make_table();
  return table;
}

}  // namespace poster

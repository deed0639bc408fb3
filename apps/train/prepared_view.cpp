#include "apps/train/prepared_view.h"

#include <filesystem>

#include "engine/error.h"

namespace poster {
namespace {

using Found = std::optional<io::Preparation>;
using Lines = std::vector<std::string>;

io::ViewOptions on_disk(const Found& done) { return done ? done->view : io::ViewOptions{}; }

std::string place(const Settings& settings, const std::string& split) {
  return (std::filesystem::path(settings.data) / split).string();
}

void refuse_second_cut(const Settings& settings, const TrainOptions& options, const io::Preparation& done) {
  if (options.view.empty()) return;
  const auto view = options.view.get(&io::ViewOptions::view);
  throw Error(std::string(view ? std::string("--view ") + io::view_name(*view)
                               : "the options of the view (--eye-line, --face-margin, …)") +
              ": the images in " + settings.data + " were made with the view \"" + describe(done.view) +
              "\" by " + done.program +
              " already; leave --view and its options out, or prepare the images again with --view full");
}

// The lower part of a face is twice as wide as high, whoever has cut it.
void stretch_lower(Settings& settings, const TrainOptions& options) {
  if (!options.given.has(&Settings::recipe, &io::Recipe::resize) && settings.view.view == io::View::lower)
    settings.recipe.resize = io::ResizeMode::stretch;
}

std::string view_line(const Settings& settings) {
  std::string line = "View: " + describe(settings.view);
  if (settings.preparation && settings.preparation->changes_view())
    line += " (in the images already, by " + settings.preparation->program + ")";
  return line;
}

void take_disks_view(Settings& settings, const Found& done, const TrainOptions& options) {
  settings.preparation = done;
  if (done && done->changes_view())
    settings.view = done->view;
  else if (!options.view.has(&io::ViewOptions::margin))
    settings.view = io::with_place_of(settings.view, done);
}

// Images that the run doesn't read itself, but that will be evaluated with it.
void tell_of_test(const Settings& settings, const Found& train, Lines& lines) {
  for (const char* split : {"valid", "test"}) {
    std::error_code ignored;
    if (split == settings.split || !std::filesystem::is_directory(place(settings, split), ignored)) continue;
    const Found other = io::find_preparation(settings.data, split);
    if (!io::same_look(on_disk(train), on_disk(other)))
      lines.push_back("WARNING: " + place(settings, split) + " was prepared as \"" + io::describe(other) +
                      "\", " + place(settings, "train") + " as \"" + io::describe(train) +
                      "\"; evaluating there shows another view than training does");
  }
}

void check_resumed(Settings& settings, const Settings& run, const Found& done, Lines& lines) {
  if (run.preparation) {
    if (io::same_preparation(run.preparation, done)) return;
    throw Error(settings.data + ": its images were prepared as \"" + io::describe(done) +
                "\", those of the run as \"" + io::describe(run.preparation) +
                "\"; give the run's own data with its preparation.json, or train anew");
  }
  // The run began before anybody kept a record.
  if (!done || !done->changes_view()) return;
  if (run.view.view != io::View::full)
    throw Error(settings.data + ": its images were made with the view \"" + describe(done->view) + "\" by " +
                done->program + " already, and the run has cut them a second time (\"" + describe(run.view) +
                "\"); train anew without --view");
  lines.push_back(
      "The images were prepared with a view that this run's record lacks; it is kept from here on");
}

}  // namespace

Lines settle_training_view(Settings& settings, const TrainOptions& options, const Settings* resumed) {
  Lines lines;
  const Found done = io::find_preparation(settings.data, "train");
  const Found watched = io::find_preparation(settings.data, settings.split);
  if (!io::same_look(on_disk(done), on_disk(watched)))
    throw Error(place(settings, settings.split) + ": was prepared as \"" + io::describe(watched) + "\", " +
                place(settings, "train") + " as \"" + io::describe(done) +
                "\"; a run needs both with the same view");
  if (!io::same_preparation(done, watched))
    lines.push_back("WARNING: " + place(settings, settings.split) + " was prepared as \"" +
                    io::describe(watched) + "\", " + place(settings, "train") + " as \"" +
                    io::describe(done) + "\"");
  if (resumed) {
    check_resumed(settings, *resumed, done, lines);
    if (done && done->changes_view()) settings.view = done->view;
    settings.preparation = done;
  } else {
    if (done && done->changes_view()) refuse_second_cut(settings, options, *done);
    take_disks_view(settings, done, options);
    stretch_lower(settings, options);
  }
  tell_of_test(settings, done, lines);
  if (settings.view.view != io::View::full) lines.push_back(view_line(settings));
  return lines;
}

Lines settle_evaluation_view(Settings& settings, const TrainOptions& options, const Settings* trained) {
  const Found done = io::find_preparation(settings.data, settings.split);
  if (done && done->changes_view()) refuse_second_cut(settings, options, *done);
  take_disks_view(settings, done, options);
  if (!trained) {
    stretch_lower(settings, options);
    if (settings.view.view == io::View::full) return {};
    return {view_line(settings) + " (which view it was trained with, the file doesn't say)"};
  }
  const bool placed =
      options.view.has(&io::ViewOptions::margin) || options.view.has(&io::ViewOptions::detector);
  if (!io::same_look(settings.view, trained->view) ||
      (placed && !io::same_view(settings.view, trained->view)))
    return {"WARNING: another view than in training. " + view_line(settings) +
            " (trained with: " + describe(trained->view) + ")"};
  if (settings.view.view == io::View::full) return {};
  return {view_line(settings)};
}

}  // namespace poster

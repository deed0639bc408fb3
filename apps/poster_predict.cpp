// Says which expressions are in images, films and camera images; see --help.
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <iostream>
#include <limits>
#include <optional>

#include "apps/predict/demo.h"
#include "apps/predict/drawings.h"
#include "apps/predict/format.h"
#include "apps/predict/inputs.h"
#include "apps/predict/predict_command.h"
#include "apps/predict/tally.h"
#include "apps/program/program.h"
#include "engine/error.h"
#include "io/checkpoint/class_names.h"
#include "io/console/stop_signal.h"
#include "io/device/open_device.h"
#include "io/format/printable.h"
#include "io/video/window.h"

namespace {

using namespace poster;

constexpr int kSomeBad = 2;
constexpr std::size_t kClassesInText = 3, kAllClasses = std::numeric_limits<std::size_t>::max();
constexpr const char* kDescription =
    "Says which facial expressions a trained network sees.\n\n"
    "  poster_predict --demo\n"
    "  poster_predict runs/X/best.safetensors photo.jpg folder/ film.mp4\n"
    "  poster_predict runs/X/best.safetensors --faces detect --annotate out/ party.jpg\n"
    "  find . -name '*.jpg' | poster_predict runs/X/best.safetensors --format csv - > table.csv\n\n"
    "INPUT is an image, a folder (with its subfolders), a film, the number of a camera, or - for a list on standard\n"
    "input, one of these a line or separated by zero bytes. Faces are shown to the network as in its training (--view).\n"
    "Ctrl-C ends it in order: what was seen is told, the annotated film is finished as far as it has come.\n"
    "Exit codes: 0 done, 1 error, 2 done, but something could not be read or was left out, 75 stopped before the\n"
    "end (a camera alone has no other end: 0).";

FaceClassifierOptions classifier_options(const Checkpoint& checkpoint, const PredictCommand& o) {
  FaceClassifierOptions c = classifier_options(checkpoint);
  if (o.recipe) c.recipe = io::recipe_by_name(*o.recipe);
  if (o.rename_classes && !o.classes)
    throw Error("--rename-classes: takes the names of --classes; give both, or leave it out");
  if (o.classes) c.classes = output_names(checkpoint, *o.classes, o.rename_classes);
  c.say = warn;
  GivenView view = o.view;
  if (o.faces) c.find_faces_in_frames = c.find_faces = *o.faces == "detect";
  if (o.box) {
    if (o.faces)
      throw Error("--box says where the face is, and --faces is of no use then; give one of the two");
    c.box = io::FaceBox{(*o.box)[0], (*o.box)[1], (*o.box)[2], (*o.box)[3]};
  }
  // With faces cropped here, the margin is that of the crop, whatever the view.
  if (const auto margin = view.get(&io::ViewOptions::margin); margin && (c.find_faces || c.box)) {
    c.margin = *margin;
    view.forget(&io::ViewOptions::margin);
  }
  c.view = resolve_view(view, c.view);
  if (!c.find_faces && (o.detector || o.smallest))
    throw Error(
        "--detector and --min-face have no effect without --faces detect; give it, or leave them out");
  c.detector = o.detector.value_or(c.detector);
  c.smallest = o.smallest.value_or(c.smallest);
  c.allow_partial = o.allow_partial;
  c.batch = o.batch;
  c.attention = !o.attention.empty();
  return c;
}

Telling telling_of(const PredictCommand& o, std::size_t usual_top) {
  return {.top = o.top.value_or(usual_top), .min_probability = o.min_probability};
}

class Prediction {
 public:
  Prediction(const Checkpoint& checkpoint, Device& device, const PredictCommand& o)
      : classifier_(checkpoint, device, classifier_options(checkpoint, o)),
        format_(o.format == "json"  ? Format::json
                : o.format == "csv" ? Format::csv
                                    : Format::text),
        faces_said_(o.faces || o.box),
        for_people_(::isatty(STDOUT_FILENO) == 1),
        batch_(static_cast<std::size_t>(o.batch)),
        every_(o.every),
        wants_summary_(o.summary),
        telling_(telling_of(o, o.demo ? kAllClasses : kClassesInText)),
        drawings_(o.annotate, o.attention, classifier_.classes(), telling_of(o, 1), warn),
        tally_(classifier_.classes(), telling_) {
    if (!o.demo && classifier_.weights().find('(') != std::string::npos)
      warn(o.checkpoint + ": " + classifier_.weights());
    if (o.watch) window_.emplace("poster_predict");
    print(format_header(format_, classifier_.classes()));
  }

  int run(const std::vector<std::string>& inputs) {
    catch_stop_signals();
    const InputsEnd end = for_each_input(inputs, std::cin, drawings_.folders(),
                                         {.input = [&](Input input) { return take(std::move(input)); },
                                          .bad = [&](const std::string& message) { bad(message); },
                                          .note = [&](const std::string& message) { note(message); }},
                                         every_);
    flush();
    end_film();
    drawings_.finish();
    drawings_.say_what_was_written();
    if (const std::string line = tally_.without_face(); !line.empty()) warn(line);
    if (wants_summary_) say_summary();
    if (stop_requested() && end != InputsEnd::in_camera) {
      warn("stopped before the end; what was seen is kept");
      return kStoppedExitCode;
    }
    return some_bad_ ? kSomeBad : 0;
  }

 private:
  // False when no more is wanted.
  bool take(Input input) {
    if (input.frame >= 0 && !faces_said_) say_how_faces_are_found(input.path);
    if (box_reaches_beyond(input)) return !stop_requested();
    waiting_.push_back(std::move(input));
    return (waiting_.size() < batch_ || flush()) && !stop_requested();
  }

  // In the order of the inputs.
  void note(const std::string& message) {
    flush();
    warn(message);
  }
  void bad(const std::string& message) {
    some_bad_ = true;
    note(message);
  }

  void say_how_faces_are_found(const std::string& path) {
    faces_said_ = true;
    const FaceClassifierOptions& options = classifier_.options();
    if (finds_faces_in_frames(options))
      note(path + ": faces are looked for in each frame; where a frame is one face, give --faces none");
    else
      note(path + ": the whole of each frame is taken for the face, as the network's view is " +
           std::string(io::view_name(options.view.view)) +
           "; where the face is a part of it, give --box x,y,w,h");
  }

  // Told once of each path.
  bool box_reaches_beyond(const Input& input) {
    const auto& box = classifier_.options().box;
    if (!box || box_lies_within(*box, input.image)) return false;
    if (beside_ != input.path)
      bad(input.path + (input.frame >= 0 ? ": frame " + std::to_string(input.frame) : "") +
          ": --box reaches beyond the " + std::to_string(input.image.width) + "x" +
          std::to_string(input.image.height) + " pixels; give one within");
    beside_ = input.path;
    return true;
  }

  // Behind the answers where these are text; beside a table on standard error.
  void say_summary() const {
    const std::string text = tally_.summary();
    if (format_ == Format::text) {
      put("\n" + text);
      return;
    }
    flush_output();
    for (std::size_t start = 0; start < text.size();) {
      const std::size_t end = text.find('\n', start);
      warn(text.substr(start, end - start));
      start = end + 1;
    }
  }

  // False when the person has closed the window.
  bool flush() {
    if (waiting_.empty()) return !closed_;
    const auto start = std::chrono::steady_clock::now();
    std::vector<FaceClassifier::NamedImage> images;
    images.reserve(waiting_.size());
    for (const Input& input : waiting_) images.push_back({&input.image, input.path, input.frame >= 0});
    auto faces = classifier_.classify(images);
    const double ms =
        std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count() /
        static_cast<double>(waiting_.size());
    for (std::size_t i = 0; i < waiting_.size(); ++i) {
      const Input& input = waiting_[i];
      const Found found{input.path,    input.frame,         input.time_s,
                        input.damaged, std::move(faces[i]), input.read_ms + ms};
      count(input, found);
      tally_.add(found, input.read_ms);
      print(format_found(format_, found, classifier_.classes(), telling_));
      drawings_.add(input, found);
      if (window_ && !closed_) closed_ = !window_->show(drawings_.annotated(input, found));
    }
    flush_output();
    waiting_.clear();
    return !closed_;
  }

  void count(const Input& input, const Found& found) {
    if (film_.path != input.path) end_film();
    if (input.frame < 0) return;
    film_.path = input.path;
    ++film_.frames;
    film_.faces = film_.faces || !found.faces.empty();
  }
  // Frame by frame it was said; but whoever reads a table of faces sees nothing there.
  void end_film() {
    if (film_.frames > 0 && !film_.faces)
      warn(film_.path + ": no face in any of " + std::to_string(film_.frames) + " frames");
    film_ = {};
  }

  void print(const std::string& text) const {
    put(for_people_ ? io::escaped(text, io::TextLayout::tabs_and_line_breaks) : text);
  }

  FaceClassifier classifier_;
  Format format_;
  bool faces_said_, for_people_;
  std::size_t batch_;
  int every_;
  bool wants_summary_;
  Telling telling_;
  Drawings drawings_;
  Tally tally_;
  std::optional<io::Window> window_;
  std::vector<Input> waiting_;
  std::string beside_;
  struct {
    std::string path;
    std::int64_t frames = 0;
    bool faces = false;
  } film_;  // the one that is being seen
  bool some_bad_ = false, closed_ = false;
};

void take_demo(PredictCommand& options) {
  if (!options.demo) {
    if (options.checkpoint.empty())
      throw Error("CHECKPOINT is required: a file of weights, or --demo in place of it and of INPUT");
    if (options.inputs.empty())
      throw Error("INPUT is required: images, folders, films, a camera's number or -");
    return;
  }
  if (!options.checkpoint.empty())
    throw Error("--demo brings its own network and face; leave CHECKPOINT and INPUT out, or --demo");
  const DemoFiles files = demo_files();
  options.checkpoint = files.checkpoint;
  options.inputs = {files.face};
  warn("a face that was drawn by poster_samples, seen by a small network that was trained on such faces");
}

int run(Program& program) {
  PredictCommand options;
  add_predict_options(program.options(), options);
  program.parse();
  take_demo(options);
  program.begin("predicting with", options.checkpoint);
  const Checkpoint checkpoint(options.checkpoint, {.ignore_unsafe = options.allow_unsafe});
  Device device = io::open_device(options.device, options.threads, precision_by_name(options.precision));
  const int code = Prediction(checkpoint, device, options).run(options.inputs);
  if (options.demo && options.annotate.empty() && options.attention.empty())
    warn("no file was written; --annotate FOLDER writes the picture with its label");
  return code;
}

}  // namespace

int main(int argc, char** argv) { return run_program({"poster_predict", kDescription}, argc, argv, run); }

// Says which expressions are in pictures, videos and camera pictures; see --help.
#include <chrono>
#include <cstdio>
#include <iostream>
#include <nlohmann/json.hpp>
#include <optional>

#include "apps/common/program.h"
#include "apps/common/view_options.h"
#include "apps/predict/drawings.h"
#include "apps/predict/format.h"
#include "apps/predict/inputs.h"
#include "engine/error.h"
#include "io/video/video.h"

namespace {

using namespace poster;

constexpr int kSomeBad = 2;
constexpr const char* kDescription =
    "Says which facial expressions a trained network sees.\n\n"
    "  poster_predict runs/X/best.safetensors photo.jpg folder/ film.mp4\n"
    "  poster_predict runs/X/best.safetensors --faces detect --annotate out/ party.jpg\n"
    "  find . -name '*.jpg' | poster_predict runs/X/best.safetensors --format csv - > table.csv\n\n"
    "INPUT is a picture, a folder (with its subfolders), a video, the number of a camera, or - for a list on "
    "standard\n"
    "input, one of these a line. Faces are shown to the network as in its training (--view).\n"
    "Exit codes: 0 done, 1 error, 2 done, but something could not be read and was passed over.";

struct Options {
  std::string checkpoint, device = "auto", precision = "fp32", faces = "none", format = "text", annotate,
                          attention;
  std::vector<std::string> inputs;
  std::optional<std::vector<std::string>> classes;
  std::optional<std::string> recipe, detector;
  std::optional<double> smallest;
  ViewFlags view;
  int threads = 0, batch = 1;
  bool watch = false, allow_unsafe = false, allow_partial = false;
};

void add_options(CLI::App& app, Options& o) {
  app.add_option("CHECKPOINT", o.checkpoint,
                 "weights: of poster_train, or a whole network's .pth or .safetensors")
      ->required();
  app.add_option("INPUT", o.inputs, "what to look at; see above")->required();
  app.add_option(
         "--faces", o.faces,
         "none (default): each picture is one face, cropped as those of training; detect: every face that "
         "is found in it")
      ->check(CLI::IsMember({"none", "detect"}));
  app.add_option("--detector", o.detector, "detect: cascade (default), or a YuNet model.onnx");
  app.add_option("--min-face", o.smallest, "detect: smaller faces, in pixels, are passed over (default: 24)");
  app.add_option("--format", o.format, "text (default), json (one object a line) or csv")
      ->check(CLI::IsMember({"text", "json", "csv"}));
  app.add_option("--annotate", o.annotate, "folder for pictures and videos with boxes and bars");
  app.add_option("--attention", o.attention,
                 "folder for what the network saw, with a heat map of where its class token looks");
  app.add_flag("--watch", o.watch, "show what is found in a window; q or Escape ends");
  app.add_option("--batch", o.batch, "pictures taken together: more a second, later each (default: 1)")
      ->check(CLI::Range(1, 1024));
  app.add_option("--device", o.device, "auto (default), cpu or cuda");
  app.add_option("--threads", o.threads, "of the CPU; 0 (default): one each core");
  app.add_option("--precision", o.precision, "fp32 (default), or on CUDA tf32 or fp16");
  app.add_option("--classes", o.classes, "names of the outputs, in their order, for a file that has none")
      ->delimiter(',')
      ->allow_extra_args(false);
  app.add_option(
      "--recipe", o.recipe,
      "how pictures are brought to the network's size, for a file that doesn't say (default: augmented)");
  app.add_flag("--ignore-unsafe", o.allow_unsafe,
               "read a .pth file's tensors though it names functions that are not known to be harmless");
  app.add_flag("--allow-partial", o.allow_partial, "take a file that lacks tensors of its network, too");
  add_view_flags(app, o.view);
  add_view_place_flags(app, o.view);
}

FaceClassifierOptions classifier_options(const Checkpoint& checkpoint, const Options& o) {
  FaceClassifierOptions c = classifier_options(checkpoint);
  if (o.recipe) c.recipe = io::recipe_by_name(*o.recipe);
  if (o.classes) c.classes = *o.classes;
  ViewFlags view = o.view;
  c.find_faces = o.faces == "detect";
  // With faces found here, the margin is that of the crop, whatever the view.
  if (c.find_faces && view.margin) {
    c.margin = *view.margin;
    view.margin.reset();
  }
  c.view = resolve_view(view, c.view);
  if (!c.find_faces && (o.detector || o.smallest))
    throw Error(
        "--detector and --min-face have no effect on --faces none; give --faces detect, or leave them out");
  c.detector = o.detector.value_or(c.detector);
  c.smallest = o.smallest.value_or(c.smallest);
  c.allow_partial = o.allow_partial;
  c.batch = o.batch;
  c.attention = !o.attention.empty();
  return c;
}

class Prediction {
 public:
  Prediction(const Checkpoint& checkpoint, Device& device, const Options& o)
      : classifier_(checkpoint, device, classifier_options(checkpoint, o)),
        format_(o.format == "json"  ? Format::json
                : o.format == "csv" ? Format::csv
                                    : Format::text),
        batch_(static_cast<std::size_t>(o.batch)),
        drawings_(o.annotate, o.attention, classifier_.classes()) {
    if (classifier_.weights().find('(') != std::string::npos)
      warn(o.checkpoint + ": " + classifier_.weights());
    if (o.watch) window_.emplace("poster_predict");
    put(format_header(format_, classifier_.classes()));
  }

  int run(const std::vector<std::string>& inputs) {
    for_each_input(inputs, std::cin,
                   {.input =
                        [&](Input input) {
                          waiting_.push_back(std::move(input));
                          return waiting_.size() < batch_ || flush();
                        },
                    .bad =
                        [&](const std::string& message) {
                          some_bad_ = true;
                          // In the order of the inputs.
                          flush();
                          warn(message);
                        }});
    flush();
    drawings_.finish();
    return some_bad_ ? kSomeBad : 0;
  }

 private:
  // False when the person has closed the window.
  bool flush() {
    if (waiting_.empty()) return !closed_;
    const auto start = std::chrono::steady_clock::now();
    std::vector<FaceClassifier::Picture> pictures;
    for (const Input& input : waiting_) pictures.push_back({&input.image, input.path});
    auto faces = classifier_.classify(pictures);
    const double ms =
        std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count() /
        static_cast<double>(waiting_.size());
    for (std::size_t i = 0; i < waiting_.size(); ++i) {
      const Input& input = waiting_[i];
      const Found found{input.path, input.frame, std::move(faces[i]), input.read_ms + ms};
      put(format_found(format_, found, classifier_.classes()));
      drawings_.add(input, found);
      if (window_ && !closed_) closed_ = !window_->show(drawings_.annotated(input, found));
    }
    flush_output();
    waiting_.clear();
    return !closed_;
  }

  FaceClassifier classifier_;
  Format format_;
  std::size_t batch_;
  Drawings drawings_;
  std::optional<io::Window> window_;
  std::vector<Input> waiting_;
  bool some_bad_ = false, closed_ = false;
};

int run(Program& program) {
  CLI::App& app = program.options();
  app.get_formatter()->column_width(32);
  Options options;
  add_options(app, options);
  program.parse();
  const Checkpoint checkpoint(options.checkpoint, {.ignore_unsafe = options.allow_unsafe});
  Device device = Device::open(options.device, options.threads, precision_by_name(options.precision));
  return Prediction(checkpoint, device, options).run(options.inputs);
}

}  // namespace

int main(int argc, char** argv) { return run_program({"poster_predict", kDescription}, argc, argv, run); }

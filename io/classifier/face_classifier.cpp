#include "io/classifier/face_classifier.h"

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "engine/error.h"
#include "io/data/augmentation.h"
#include "io/face/face_crop.h"
#include "model/network.h"

namespace poster {
namespace {

FaceClassifierOptions checked(FaceClassifierOptions options, std::int64_t outputs) {
  if (std::ssize(options.classes) > outputs)
    throw Error(std::to_string(options.classes.size()) + " class names for a network of " +
                std::to_string(outputs) + " outputs; give one name for each output, in their order");
  if (options.batch < 1)
    throw Error("a batch of " + std::to_string(options.batch) + " faces; give 1 or more");
  if (options.box && (options.find_faces || options.find_faces_in_frames.value_or(false)))
    throw Error("faces are to be found, and their place is given by a box; give one of the two");
  if (options.box && !(options.box->width >= 1 && options.box->height >= 1 &&
                       std::isfinite(options.box->left) && std::isfinite(options.box->top) &&
                       std::isfinite(options.box->width) && std::isfinite(options.box->height)))
    throw Error("a box without an area; give left, top, width and height in pixels");
  io::check_recipe(options.recipe, "the recipe");
  return options;
}

std::vector<std::string> names_of(const std::vector<std::string>& given, std::int64_t outputs) {
  std::vector<std::string> names = given;
  for (std::int64_t i = std::ssize(names); i < outputs; ++i) names.push_back("class " + std::to_string(i));
  for (std::size_t i = 0; i < names.size(); ++i)
    if (std::find(names.begin(), names.begin() + static_cast<std::ptrdiff_t>(i), names[i]) !=
        names.begin() + static_cast<std::ptrdiff_t>(i))
      throw Error("two classes are called '" + names[i] + "'; give each output a name of its own");
  return names;
}

// Sums the three levels' grids of one row of the predictor's attention.
void sum_levels(std::span<const float> row, FaceClassifier::Face& face) {
  const std::size_t places = (row.size() - 1) / 3;
  face.own_attention = row[0];
  face.attention.assign(places, 0);
  for (std::size_t t = 1; t < row.size(); ++t) face.attention[(t - 1) % places] += row[t];
}

}  // namespace

bool box_lies_within(const io::FaceBox& box, const io::Image& image) {
  return box.left >= 0 && box.top >= 0 && box.left + box.width <= image.width &&
         box.top + box.height <= image.height;
}

bool finds_faces_in_frames(const FaceClassifierOptions& options) {
  if (options.box) return false;
  return options.find_faces_in_frames.value_or(options.find_faces || options.view.view == io::View::full);
}

FaceClassifierOptions classifier_options(const Checkpoint& checkpoint) {
  FaceClassifierOptions options;
  options.recipe = io::recipe_by_name("augmented");
  const Settings* settings = checkpoint.settings();
  if (!settings) return options;
  options.recipe = settings->recipe;
  options.view = settings->view;
  options.classes = settings->classes;
  options.margin = settings->view.margin;
  if (const auto& prepared = settings->preparation) {
    if (prepared->cut_out()) {
      options.margin = prepared->crop.margin;
      options.square = prepared->crop.square;
    }
    options.size = prepared->size;
  }
  options.trained_view = settings->view;
  options.trained_resize = settings->recipe.resize;
  return options;
}

FaceClassifier::FaceClassifier(const Checkpoint& checkpoint, Device& device,
                               const FaceClassifierOptions& options)
    : options_(checked(options, checkpoint.outputs())),
      view_(options_.view),
      finder_(options_.find_faces ? io::make_face_finder(options_.detector) : nullptr),
      view_finder_(!options_.find_faces && options_.view.view != io::View::full &&
                           !options_.view.detector.empty()
                       ? io::make_face_finder(options_.view.detector)
                       : nullptr),
      side_(
          io::handed_over_side(options_.recipe, static_cast<int>(model_info(checkpoint.model()).input_side))),
      predictor_(device, checkpoint.model(), checkpoint.outputs(),
                 [&](Parameters<float>& parameters) {
                   std::vector<ParameterId> loaded;
                   weights_ = checkpoint.load_weights(parameters, options_.allow_partial, "", &loaded);
                   if (options_.allow_partial) parameters.initialise(0, loaded);
                 }),
      classes_(names_of(options_.classes, checkpoint.outputs())) {
  predictor_.keep_attention(options_.attention);
  predictor_.reserve(options_.batch, side_, side_);
  if (options_.trained_resize && options_.recipe.resize != *options_.trained_resize)
    say_once("images are resized otherwise than in training (--recipe)");
}

std::vector<FaceClassifier::Face> FaceClassifier::classify(const io::Image& image, const std::string& path) {
  const NamedImage input{&image, path};
  return std::move(classify(std::span(&input, 1)).front());
}

std::vector<std::vector<FaceClassifier::Face>> FaceClassifier::classify(std::span<const NamedImage> inputs) {
  std::vector<std::vector<Face>> result(inputs.size());
  std::vector<io::Image> prepared;
  for (std::size_t i = 0; i < inputs.size(); ++i) find(inputs[i], result[i], prepared);
  std::vector<Face*> faces;
  for (auto& of_image : result)
    for (Face& face : of_image) faces.push_back(&face);
  const std::span<Face* const> all(faces);
  const auto batch = static_cast<std::size_t>(options_.batch);
  for (std::size_t first = 0; first < all.size(); first += batch) {
    const std::size_t count = std::min(batch, all.size() - first);
    predict(all.subspan(first, count), std::span<const io::Image>(prepared).subspan(first, count));
  }
  if (options_.attention)
    for (std::size_t i = 0; i < faces.size(); ++i) faces[i]->seen = std::move(prepared[i]);
  return result;
}

void FaceClassifier::find(const NamedImage& input, std::vector<Face>& faces,
                          std::vector<io::Image>& prepared) {
  const io::Image& image = *input.image;
  if (image.width < 1 || image.height < 1) throw Error(input.path + ": an empty input; leave it out");
  if (options_.box) {
    const io::FaceBox& box = *options_.box;
    if (!box_lies_within(box, image))
      throw Error(input.path + ": the given box reaches beyond this image of " + std::to_string(image.width) +
                  "x" + std::to_string(image.height) + " pixels; give one within it");
    return crop(input, box, faces, prepared);
  }
  if (!(input.frame ? finds_faces_in_frames(options_) : options_.find_faces)) {
    std::optional<io::FaceBox> place;
    if (view_finder_) {
      const auto found = view_finder_->find(image);
      if (!found.empty()) place = found.front();
    }
    faces.push_back({.box = {0, 0, static_cast<double>(image.width), static_cast<double>(image.height)}});
    prepared.push_back(show(input, image, place, faces.back()));
    return;
  }
  for (const io::FaceBox& box : finder().find(image))
    if (std::min(box.width, box.height) >= options_.smallest) crop(input, box, faces, prepared);
}

// Made when it is first needed: for frames nobody may ever come with.
io::FaceFinder& FaceClassifier::finder() {
  if (!finder_) finder_ = io::make_face_finder(options_.detector);
  return *finder_;
}

void FaceClassifier::crop(const NamedImage& input, const io::FaceBox& box, std::vector<Face>& faces,
                          std::vector<io::Image>& prepared) {
  const io::Image& image = *input.image;
  if (box.left >= image.width || box.top >= image.height || box.left + box.width <= 0 ||
      box.top + box.height <= 0)
    throw Error(input.path + ": the face's box lies beside this image of " + std::to_string(image.width) +
                "x" + std::to_string(image.height) + " pixels; give one within it");
  const io::FaceCrop crop = io::reduced(
      io::crop_face(image, box, {.margin = options_.margin, .square = options_.square}), options_.size);
  faces.push_back({.box = box});
  prepared.push_back(show(input, crop.image, crop.face, faces.back()));
}

const std::optional<io::Preparation>& FaceClassifier::preparation_of(const NamedImage& input) {
  static const std::optional<io::Preparation> none;
  if (input.frame || input.path.empty()) return none;
  const std::string folder = std::filesystem::path(input.path).parent_path().string();
  const auto known = preparations_.find(folder);
  if (known != preparations_.end()) return known->second;
  return preparations_.emplace(folder, io::preparation_above(folder)).first->second;
}

void FaceClassifier::say_once(const std::string& line) {
  if (options_.say && said_.insert(line).second) options_.say(line);
}

io::Image FaceClassifier::show(const NamedImage& input, const io::Image& face,
                               std::optional<io::FaceBox> place, Face& shown) {
  const std::optional<io::Preparation>& done = preparation_of(input);
  const bool on_disk = done && done->changes_view();
  const io::ViewOptions& seen = on_disk ? done->view : options_.view;
  if (options_.trained_view && !io::same_look(seen, *options_.trained_view)) {
    shown.other_view = describe(seen);
    say_once((on_disk ? "the images in " + std::filesystem::path(input.path).parent_path().string() +
                            " were made with the view \"" + shown.other_view + "\" by " + done->program
                      : "faces are shown with the view \"" + shown.other_view + "\"") +
             ", and the network was trained with \"" + describe(*options_.trained_view) + "\"");
  }
  if (on_disk || options_.view.view == io::View::full) return io::prepare_image(face, options_.recipe);
  if (!place && done && done->cut_out() && done->crop.square && done->crop.margin >= 0)
    place = io::face_within(face.width, face.height, done->crop.margin);
  return io::prepare_image(view_.apply(face, io::view_key(input.path), place), options_.recipe);
}

void FaceClassifier::predict(std::span<Face* const> faces, std::span<const io::Image> prepared) {
  const std::size_t one = static_cast<std::size_t>(side_) * side_ * 3;
  input_.resize(std::max(input_.size(), faces.size() * one));
  for (std::size_t i = 0; i < faces.size(); ++i)
    io::normalise_prepared(prepared[i], options_.recipe, side_, input_.data() + i * one);
  const auto count = static_cast<index_t>(faces.size());
  const auto probabilities = predictor_.probabilities(input_.data(), count, side_, side_);
  const auto attention = predictor_.attention();
  const std::size_t outputs = probabilities.size() / faces.size(), tokens = attention.size() / faces.size();
  for (std::size_t i = 0; i < faces.size(); ++i) {
    Face& face = *faces[i];
    const auto row = probabilities.subspan(i * outputs, outputs);
    face.probabilities.assign(row.begin(), row.end());
    if (!std::ranges::all_of(row, [](float p) { return std::isfinite(p); }))
      throw Error(
          "the network's answer is not a number: its weights have diverged, or fp16 is too narrow for them; "
          "take another checkpoint, or --precision fp32");
    face.label = static_cast<int>(std::max_element(row.begin(), row.end()) - row.begin());
    if (tokens > 0) sum_levels(attention.subspan(i * tokens, tokens), face);
  }
}

}  // namespace poster

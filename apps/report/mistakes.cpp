#include "apps/report/mistakes.h"

#include <algorithm>
#include <filesystem>

#include "apps/report/numbers.h"
#include "apps/report/thumbnails.h"

namespace poster {
namespace {

double probability(const io::JudgedImage& image, int output) {
  return image.probabilities.at(static_cast<std::size_t>(output));
}

std::string share(double probability) { return fixed(100 * probability, 1, " %"); }

}  // namespace

std::vector<std::size_t> worst_mistakes(const io::Predictions& predictions, int most) {
  std::vector<std::size_t> wrong;
  for (std::size_t i = 0; i < predictions.images.size(); ++i)
    if (predictions.images[i].label != predictions.images[i].prediction) wrong.push_back(i);
  std::stable_sort(wrong.begin(), wrong.end(), [&](std::size_t a, std::size_t b) {
    const auto &one = predictions.images[a], &other = predictions.images[b];
    return probability(one, one.prediction) > probability(other, other.prediction);
  });
  if (wrong.size() > static_cast<std::size_t>(std::max(most, 0)))
    wrong.resize(static_cast<std::size_t>(std::max(most, 0)));
  return wrong;
}

void add_mistakes(Document& document, const RunRecord& run, std::size_t number,
                  const EvaluationRecord& evaluation, const ReportOptions& options) {
  if (options.worst <= 0) return;
  document.add(Heading{4, "Worst mistakes"});
  if (!evaluation.predictions) {
    document.add(Paragraph{"They aren't known: " + evaluation.predictions_missing + ".", Tone::note});
    return;
  }
  const io::Predictions& predictions = *evaluation.predictions;
  const std::vector<std::size_t> worst = worst_mistakes(predictions, options.worst);
  if (worst.empty()) {
    document.add(Paragraph{"There is none: every image was recognised."});
    return;
  }
  document.add(Paragraph{
      "Wrong with the highest probability, as the network saw them: label → prediction, its probability, "
      "and the label's."});
  const std::filesystem::path data = options.data.empty() ? evaluation.data : options.data;
  std::vector<std::string> paths;
  paths.reserve(worst.size());
  for (const std::size_t i : worst) paths.push_back((data / predictions.images[i].path).string());
  std::vector<Thumbnail> thumbnails = make_thumbnails(
      paths, run.settings.recipe, io::remaining_view(evaluation.view, evaluation.preparation, data.string()));

  const auto& outputs = predictions.outputs;
  Gallery gallery;
  std::size_t missing = 0;
  for (std::size_t k = 0; k < worst.size(); ++k) {
    const io::JudgedImage& image = predictions.images[worst[k]];
    Thumbnail thumbnail = std::move(thumbnails[k]);
    missing += thumbnail.jpeg.empty();
    thumbnail.name = "run-" + std::to_string(number + 1) + "-mistake-" + std::to_string(k + 1) + ".jpg";
    thumbnail.lines = {
        outputs.at(static_cast<std::size_t>(image.label)) + " → " +
            outputs.at(static_cast<std::size_t>(image.prediction)),
        share(probability(image, image.prediction)) + ", label " + share(probability(image, image.label)),
        image.path};
    gallery.items.push_back(std::move(thumbnail));
  }
  if (missing > 0)
    document.add(Paragraph{plural(static_cast<long long>(missing), "image") + " of " +
                               std::to_string(worst.size()) + " can't be shown; images were looked for in " +
                               data.string() + " (--data names another folder).",
                           Tone::note});
  document.add(std::move(gallery));
}

}  // namespace poster

#include "io/score/predictions.h"

#include <algorithm>
#include <charconv>
#include <iterator>

#include "engine/error.h"
#include "io/format/atomic_file.h"
#include "io/format/csv.h"
#include "io/format/input_file.h"

namespace poster::io {
namespace {

constexpr const char* kFirstColumns[] = {"picture", "label", "prediction"};
constexpr std::uint64_t kMaxPredictions = std::uint64_t{1} << 30;  // bytes; some ten million images
constexpr std::size_t kFirst = std::size(kFirstColumns);

std::string shortest(float value) {
  char text[32];
  return {text, std::to_chars(text, text + sizeof text, value).ptr};
}

}  // namespace

void write_predictions(const std::filesystem::path& path, const Predictions& predictions) {
  std::string text;
  for (const char* column : kFirstColumns) text += (text.empty() ? "" : ",") + std::string(column);
  for (const std::string& name : predictions.outputs) text += "," + csv_field(name);
  text += "\n";
  for (const JudgedImage& image : predictions.images) {
    text += csv_field(image.path);
    for (const int output : {image.label, image.prediction})
      text += "," + csv_field(predictions.outputs.at(static_cast<std::size_t>(output)));
    for (const float probability : image.probabilities) text += "," + shortest(probability);
    text += "\n";
  }
  write_file_atomically(path, text);
}

Predictions read_predictions(const std::filesystem::path& path) {
  std::error_code ignored;
  if (!std::filesystem::exists(path, ignored))
    throw Error(path.string() + ": is not there; evaluate the checkpoint to have it written");
  const std::string text = read_file(path, kMaxPredictions);  // paths are bytes, and may be no UTF-8
  CsvReader reader(text, path.string());
  std::vector<std::string> row;
  const auto check = [&](bool good, const std::string& what) {
    if (!good)
      throw Error(reader.place() + ": " + what + "; remove the file and evaluate the checkpoint again");
  };
  check(reader.next(row) && row.size() > kFirst &&
            std::equal(std::begin(kFirstColumns), std::end(kFirstColumns), row.begin()),
        "the columns are not image,label,prediction and the outputs");
  Predictions predictions{.outputs = {row.begin() + kFirst, row.end()}, .images = {}};
  const auto output = [&](const std::string& name) {
    const auto at = std::find(predictions.outputs.begin(), predictions.outputs.end(), name);
    check(at != predictions.outputs.end(), "'" + name + "' is no output");
    return static_cast<int>(at - predictions.outputs.begin());
  };
  while (reader.next(row)) {
    check(row.size() == kFirst + predictions.outputs.size(),
          "has " + std::to_string(row.size()) + " fields in place of " +
              std::to_string(kFirst + predictions.outputs.size()));
    JudgedImage image{row[0], output(row[1]), output(row[2]), {}};
    for (auto field = row.begin() + kFirst; field != row.end(); ++field) {
      const auto value = parse_number(*field);
      check(value.has_value(), "'" + *field + "' is no number");
      image.probabilities.push_back(static_cast<float>(*value));
    }
    predictions.images.push_back(std::move(image));
  }
  return predictions;
}

}  // namespace poster::io

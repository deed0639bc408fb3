#include "apps/predict/format.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <functional>
#include <nlohmann/json.hpp>
#include <numeric>

#include "io/format/csv.h"
#include "io/format/printable.h"

namespace poster {
namespace {

using json = nlohmann::ordered_json;
using Face = FaceClassifier::Face;

template <typename... Values>
std::string print(const char* format, Values... values) {
  char text[128];
  std::snprintf(text, sizeof text, format, values...);
  return text;
}

std::string text_name(const Found& found) {
  return io::escaped(found.path) + (found.frame >= 0 ? " frame " + std::to_string(found.frame) : "") +
         (found.damaged ? " (damaged)" : "");
}

std::string text_line(const Found& found, const Face& face, const std::vector<std::string>& classes,
                      const Telling& telling) {
  std::string line = text_name(found);
  if (found.faces.size() > 1)
    line += print(" face %.0f,%.0f %.0fx%.0f", face.box.left, face.box.top, face.box.width, face.box.height);
  const bool uncertain = is_uncertain(face, telling);
  line += uncertain ? ": uncertain" : ": ";
  const auto order = most_probable(face, telling.top);
  for (std::size_t i = 0; i < order.size(); ++i) {
    const bool opens = i == (uncertain ? 0 : 1);
    line += opens ? " (" : i > 0 ? ", " : "";
    line += io::escaped(classes[order[i]]) +
            print(" %.1f %%", 100.0 * static_cast<double>(face.probabilities[order[i]]));
  }
  return line + (order.size() > (uncertain ? 0U : 1U) ? ")" : "") + "\n";
}

double rounded(double value) { return std::round(value * 1000) / 1000; }

json json_of(const Found& found) {
  json line = {{"path", found.path}};
  if (found.frame < 0) return line;
  line["frame"] = found.frame;
  line["time_s"] = rounded(found.time_s);
  if (found.damaged) line["damaged"] = true;
  return line;
}

std::string json_line(const Found& found, const Face& face, const std::vector<std::string>& classes,
                      const Telling& telling) {
  json line = json_of(found);
  line["box"] = {face.box.left, face.box.top, face.box.width, face.box.height};
  if (is_uncertain(face, telling))
    line["class"] = nullptr;
  else
    line["class"] = classes[static_cast<std::size_t>(face.label)];
  if (!face.other_view.empty()) line["view_other_than_trained"] = face.other_view;
  json& probabilities = line["probabilities"] = json::object();
  for (std::size_t i = 0; i < classes.size(); ++i) probabilities[classes[i]] = face.probabilities[i];
  if (!face.attention.empty()) {
    line["attention"] = face.attention;
    line["attention_to_itself"] = face.own_attention;
  }
  line["ms"] = rounded(found.ms);
  // Paths need not be UTF-8.
  return line.dump(-1, ' ', false, json::error_handler_t::replace) + "\n";
}

std::string csv_line(const Found& found, const Face* face, const std::vector<std::string>& classes,
                     const Telling& telling) {
  std::string line = io::csv_field(found.path) + "," + (found.frame >= 0 ? std::to_string(found.frame) : "");
  if (face) {
    line += print(",%.1f,%.1f,%.1f,%.1f,", face->box.left, face->box.top, face->box.width, face->box.height);
    if (!is_uncertain(*face, telling)) line += io::csv_field(classes[static_cast<std::size_t>(face->label)]);
    for (float p : face->probabilities) line += print(",%.6f", static_cast<double>(p));
  } else {
    line += std::string(5 + classes.size(), ',');
  }
  line += print(",%.3f,", found.ms);
  if (found.frame >= 0) line += print("%.3f", found.time_s);
  return line + (found.damaged ? ",damaged\n" : ",\n");
}

}  // namespace

bool is_uncertain(const Face& face, const Telling& telling) {
  return static_cast<double>(face.probabilities[static_cast<std::size_t>(face.label)]) <
         telling.min_probability;
}

std::vector<std::size_t> most_probable(const Face& face, std::size_t count) {
  std::vector<std::size_t> order(face.probabilities.size());
  std::iota(order.begin(), order.end(), 0);
  std::ranges::stable_sort(order, std::ranges::greater{},
                           [&](std::size_t i) { return face.probabilities[i]; });
  order.resize(std::min(count, order.size()));
  return order;
}

std::vector<std::string> label_lines(const Face& face, const std::vector<std::string>& classes,
                                     const Telling& telling) {
  if (is_uncertain(face, telling)) return {"uncertain"};
  std::vector<std::string> lines;
  for (const std::size_t i : most_probable(face, telling.top))
    lines.push_back(classes[i] + print(" %.0f %%", 100.0 * static_cast<double>(face.probabilities[i])));
  return lines;
}

std::string format_header(Format format, const std::vector<std::string>& classes) {
  if (format != Format::csv) return "";
  std::string line = "path,frame,left,top,width,height,class";
  for (const std::string& name : classes) line += "," + io::csv_field(name);
  return line + ",ms,time_s,damage\n";
}

std::string format_found(Format format, const Found& found, const std::vector<std::string>& classes,
                         const Telling& telling) {
  std::string lines;
  for (const Face& face : found.faces)
    lines += format == Format::text   ? text_line(found, face, classes, telling)
             : format == Format::json ? json_line(found, face, classes, telling)
                                      : csv_line(found, &face, classes, telling);
  if (!found.faces.empty()) return lines;
  if (format == Format::csv) return csv_line(found, nullptr, classes, telling);
  if (format == Format::text) return text_name(found) + ": no face\n";
  json line = json_of(found);
  line["box"] = line["class"] = line["probabilities"] = nullptr;
  line["ms"] = rounded(found.ms);
  return line.dump(-1, ' ', false, json::error_handler_t::replace) + "\n";
}

}  // namespace poster

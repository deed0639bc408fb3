#include "apps/predict/format.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <numeric>

#include "io/csv.h"

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

// The three most probable classes.
std::string text_line(const Found& found, const Face& face, const std::vector<std::string>& classes) {
  std::vector<std::size_t> order(face.probabilities.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return face.probabilities[a] > face.probabilities[b];
  });
  std::string line = found.path;
  if (found.frame >= 0) line += " frame " + std::to_string(found.frame);
  if (found.faces.size() > 1)
    line += print(" face %.0f,%.0f %.0fx%.0f", face.box.left, face.box.top, face.box.width, face.box.height);
  for (std::size_t i = 0; i < std::min<std::size_t>(3, order.size()); ++i)
    line += (i == 0   ? ": "
             : i == 1 ? " ("
                      : ", ") +
            classes[order[i]] + print(" %.1f %%", 100.0 * static_cast<double>(face.probabilities[order[i]]));
  return line + (order.size() > 1 ? ")" : "") + "\n";
}

json json_of(const Found& found) {
  json line = {{"path", found.path}};
  if (found.frame >= 0) line["frame"] = found.frame;
  return line;
}

std::string json_line(const Found& found, const Face& face, const std::vector<std::string>& classes) {
  json line = json_of(found);
  line["box"] = {face.box.left, face.box.top, face.box.width, face.box.height};
  line["class"] = classes[static_cast<std::size_t>(face.label)];
  json& probabilities = line["probabilities"] = json::object();
  for (std::size_t i = 0; i < classes.size(); ++i) probabilities[classes[i]] = face.probabilities[i];
  if (!face.attention.empty()) {
    line["attention"] = face.attention;
    line["attention_to_itself"] = face.own_attention;
  }
  line["ms"] = std::round(found.ms * 1000) / 1000;
  // Paths need not be UTF-8.
  return line.dump(-1, ' ', false, json::error_handler_t::replace) + "\n";
}

std::string csv_line(const Found& found, const Face* face, const std::vector<std::string>& classes) {
  std::string line = io::csv_field(found.path) + "," + (found.frame >= 0 ? std::to_string(found.frame) : "");
  if (face) {
    line += print(",%.1f,%.1f,%.1f,%.1f,", face->box.left, face->box.top, face->box.width, face->box.height);
    line += io::csv_field(classes[static_cast<std::size_t>(face->label)]);
    for (float p : face->probabilities) line += print(",%.6f", static_cast<double>(p));
  } else {
    line += std::string(5 + classes.size(), ',');
  }
  return line + print(",%.3f\n", found.ms);
}

}  // namespace

std::string format_header(Format format, const std::vector<std::string>& classes) {
  if (format != Format::csv) return "";
  std::string line = "path,frame,left,top,width,height,class";
  for (const std::string& name : classes) line += "," + io::csv_field(name);
  return line + ",ms\n";
}

std::string format_found(Format format, const Found& found, const std::vector<std::string>& classes) {
  std::string lines;
  for (const Face& face : found.faces)
    lines += format == Format::text   ? text_line(found, face, classes)
             : format == Format::json ? json_line(found, face, classes)
                                      : csv_line(found, &face, classes);
  if (!found.faces.empty()) return lines;
  if (format == Format::csv) return csv_line(found, nullptr, classes);
  if (format == Format::text)
    return found.path + (found.frame >= 0 ? " frame " + std::to_string(found.frame) : "") + ": no face\n";
  json line = json_of(found);
  line["box"] = line["class"] = line["probabilities"] = nullptr;
  line["ms"] = found.ms;
  return line.dump(-1, ' ', false, json::error_handler_t::replace) + "\n";
}

}  // namespace poster

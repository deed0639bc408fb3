// FER2013 (fer2013.csv: emotion,pixels,Usage; pixels are 48x48 grey values) with FERPlus' votes in parallel
// rows (fer2013new.csv: Usage,Image
// name,neutral,happiness,surprise,sadness,anger,disgust,fear,contempt,unknown,NF).
//
// An image's label by "majority", as published with FERPlus (Barsoum, Zhang, Canton Ferrer, Zhang: "Training
// Deep Networks for Facial Expression Recognition with Crowd-Sourced Label Distribution", ICMI 2016): single
// votes count as outliers and are dropped; then the label is what has more than half of the remaining votes,
// "unknown" and "not a face" (NF) among them; otherwise, and where one of these two wins, the image is left
// out.
#include <algorithm>
#include <array>
#include <numeric>

#include "engine/error.h"
#include "io/format/csv.h"
#include "io/prepare/image_lookup.h"
#include "io/prepare/sources/sources.h"
#include "io/prepare/text_encoding.h"

namespace poster::prepare {
namespace {

constexpr std::array<const char*, 10> kVoted = {"neutral", "happiness", "surprise", "sadness", "anger",
                                                "disgust", "fear",      "contempt", "unknown", "NF"};
constexpr int kSide = 48;

// "" and the reason when it has none.
std::pair<std::string, std::string> majority(std::array<long, 10> votes) {
  for (long& count : votes) count = count <= 1 ? 0 : count;
  const long sum = std::accumulate(votes.begin(), votes.end(), 0L);
  const auto most = std::ranges::max_element(votes);
  if (2 * *most <= sum) return {"", "no majority of votes"};
  const std::string name = kVoted[static_cast<std::size_t>(most - votes.begin())];
  if (name == "unknown") return {"", "voted unknown"};
  if (name == "NF") return {"", "voted not a face"};
  return {name, ""};
}

std::array<long, 10> votes_of(const std::vector<std::string>& row, const std::string& place) {
  std::array<long, 10> votes{};
  for (std::size_t i = 0; i < votes.size(); ++i) {
    const auto count = row.size() == votes.size() + 2 ? io::parse_integer(row[i + 2]) : std::nullopt;
    if (!count || *count < 0 || *count > 1000)
      throw Error(place + ": expected Usage, Image name and ten counts of votes; fetch it again");
    votes[i] = *count;
  }
  return votes;
}

bool parse_pixels(const std::string& text, GreyPixels& pixels) {
  pixels = {kSide, kSide, {}};
  pixels.values.reserve(std::size_t{kSide} * kSide);
  unsigned value = 0;
  bool digits = false;
  for (const char c : text + " ") {
    if ((c < '0' || c > '9') && c != ' ' && c != '\t' && c != '\n' && c != '\r') return false;
    if (c >= '0' && c <= '9') {
      value = value * 10 + static_cast<unsigned>(c - '0');
      digits = true;
      if (value > 255) return false;
    } else if (digits) {
      pixels.values.push_back(static_cast<std::uint8_t>(value));
      value = 0;
      digits = false;
    }
  }
  return pixels.values.size() == static_cast<std::size_t>(kSide) * kSide;
}

bool is_header(const std::vector<std::string>& row) {
  return split_by_name(row.front()) == std::nullopt && !io::parse_integer(row.front());
}

}  // namespace

Collection collect_ferplus(const FileTree& tree, const SourceOptions&) {
  const TreeFile& images = only_file(tree, "ferplus", {"fer2013.csv"});
  const TreeFile& votes = only_file(tree, "ferplus", {"fer2013new.csv"});
  const std::string image_text = tree.text(images), vote_text = tree.text(votes);
  io::CsvReader image_rows(image_text, images.source), vote_rows(vote_text, votes.source);
  Collection collection;
  std::vector<std::string> image, vote;
  std::size_t number = 0;
  for (;;) {
    const bool more_images = image_rows.next(image), more_votes = vote_rows.next(vote);
    if (more_images != more_votes)
      throw Error(votes.source + ": has " + (more_votes ? "more" : "fewer") + " rows than " + images.source +
                  "; fetch both again, they must be parallel");
    if (!more_images) break;
    if (number == 0 && is_header(image) && is_header(vote)) continue;
    ++number;
    if (image.size() != 3 || trim(image[2]) != trim(vote[0]))
      throw Error(image_rows.place() + ": its Usage isn't that of " + vote_rows.place() +
                  "; fetch both files again, they must be parallel");
    char name[32];
    std::snprintf(name, sizeof name, "fer%07zu", number - 1);
    Item item;
    item.file.path = name;
    item.file.source = images.source + ":" + std::to_string(image_rows.line());
    const auto [label, reason] = majority(votes_of(vote, vote_rows.place()));
    if (label.empty()) {
      collection.left_out.push_back({item.file.source, reason, ""});
      continue;
    }
    if (!parse_pixels(image[1], item.pixels)) {
      collection.left_out.push_back({item.file.source, "unreadable", "not 48x48 numbers from 0 to 255"});
      continue;
    }
    item.file.bytes = item.pixels.values.size();
    item.label = label;
    item.split = split_by_name(image[2]);
    if (!item.split)
      throw Error(image_rows.place() + ": its Usage '" + trim(image[2]) +
                  "' is none of Training, PublicTest, PrivateTest; fetch it again");
    collection.items.push_back(std::move(item));
  }
  return collection;
}

}  // namespace poster::prepare

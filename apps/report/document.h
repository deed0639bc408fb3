// What a report says, without saying how it looks: apps/report/html.h and markdown.h write it. Texts are as
// they come, from people's files and folders; the writers make them harmless.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "io/plot/plot.h"

namespace poster {

struct Heading {
  int level;  // 2: a section, 3, 4: parts of it
  std::string text;
};

enum class Tone { plain, note, warning };
struct Paragraph {
  std::string text;
  Tone tone = Tone::plain;
};

// Lines to be copied, or set in a fixed width.
struct Code {
  std::string text;
};

struct Table {
  std::vector<std::string> columns;            // headings
  std::vector<std::vector<std::string>> rows;  // the first cell is the row's heading
  bool numbers = true;                         // cells but the first stand to the right
  std::vector<bool> marked = {};               // rows that stand out; shorter: the others don't
};

struct Figure {
  std::string name;  // of its file, without extension
  io::Plot plot;
  std::string description;
};

struct Thumbnail {
  std::string name;                // of its file, with extension
  std::string jpeg;                // empty: it couldn't be read
  int width = 0, height = 0;       // in pixels
  std::vector<std::string> lines;  // below it
  std::string missing = {};        // why it couldn't be read
};
struct Gallery {
  std::vector<Thumbnail> items;
};

struct Block;
// Hidden until it is asked for, where that can be.
struct Fold {
  std::string summary;
  std::vector<Block> blocks;
};
struct Block : std::variant<Heading, Paragraph, Code, Table, Figure, Gallery, Fold> {
  using variant::variant;
};

struct Document {
  std::string title;
  std::vector<Block> blocks = {};

  template <typename B>
  void add(B block) {
    blocks.emplace_back(std::move(block));
  }
};

}  // namespace poster

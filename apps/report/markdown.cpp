#include "apps/report/markdown.h"

#include <algorithm>

#include "apps/report/escape.h"

namespace poster {
namespace {

class MarkdownWriter {
 public:
  explicit MarkdownWriter(const std::string& folder) : folder_(folder) {}
  Markdown take() { return std::move(result_); }

  void blocks(const std::vector<Block>& list) {
    for (const Block& block : list) std::visit(*this, static_cast<const Block::variant&>(block));
  }

  void operator()(const Heading& heading) {
    text_ += std::string(static_cast<std::size_t>(heading.level), '#') + " " +
             markdown_escaped(heading.text) + "\n\n";
  }

  void operator()(const Paragraph& paragraph) {
    if (paragraph.tone == Tone::note) text_ += "> ";
    if (paragraph.tone == Tone::warning) text_ += "> **Note:** ";
    text_ += markdown_escaped(paragraph.text) + "\n\n";
  }

  void operator()(const Code& code) {
    const std::string lines = printable_lines(code.text);
    // Longer than any row of such marks within.
    std::size_t longest = 2;
    for (std::size_t i = 0, run = 0; i < lines.size(); ++i) {
      run = lines[i] == '`' ? run + 1 : 0;
      longest = std::max(longest, run);
    }
    const std::string fence(longest + 1, '`');
    text_ += fence + "\n" + lines + (lines.ends_with('\n') ? "" : "\n") + fence + "\n\n";
  }

  void operator()(const Table& table) {
    row(table.columns, false);
    text_ += "|";
    for (std::size_t c = 0; c < table.columns.size(); ++c) text_ += c > 0 && table.numbers ? "---:|" : "---|";
    text_ += "\n";
    for (std::size_t r = 0; r < table.rows.size(); ++r)
      row(table.rows[r], r < table.marked.size() && table.marked[r]);
    text_ += "\n";
  }

  void operator()(const Figure& figure) {
    text_ += image(figure.name + ".png", figure.description, figure.plot.png) + "\n\n";
  }

  void operator()(const Gallery& gallery) {
    text_ += "| | label → prediction | probability | image |\n|---|---|---|---|\n";
    for (const Thumbnail& item : gallery.items) {
      text_ += "| " + (item.jpeg.empty()
                           ? markdown_escaped(item.missing)
                           : image(item.name, item.lines.empty() ? "" : item.lines.back(), item.jpeg));
      for (const std::string& line : item.lines) text_ += " | " + markdown_escaped(line);
      text_ += " |\n";
    }
    text_ += "\n";
  }

  void operator()(const Fold& fold) {
    text_ += "**" + markdown_escaped(fold.summary) + "**\n\n";
    blocks(fold.blocks);
  }

 private:
  void row(const std::vector<std::string>& cells, bool marked) {
    text_ += "|";
    for (const std::string& cell : cells) {
      const std::string shown = markdown_escaped(cell);
      text_ += " " + (marked && !shown.empty() ? "**" + shown + "**" : shown) + " |";
    }
    text_ += "\n";
  }

  std::string image(const std::string& name, const std::string& description, const std::string& bytes) {
    result_.files.emplace_back(name, bytes);
    return "![" + markdown_escaped(description) + "](" + url_escaped(folder_ + "/" + name) + ")";
  }

  const std::string& folder_;
  Markdown result_;
  std::string& text_ = result_.text;
};

}  // namespace

Markdown markdown_of(const Document& document, const std::string& folder) {
  MarkdownWriter writer(folder);
  std::vector<Block> title{Heading{1, document.title}};
  writer.blocks(title);
  writer.blocks(document.blocks);
  return writer.take();
}

}  // namespace poster

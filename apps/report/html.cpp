#include "apps/report/html.h"

#include "apps/report/escape.h"
#include "apps/report/html_style.h"

namespace poster {
namespace {

std::string data_uri(const char* type, const std::string& bytes) {
  return std::string("data:") + type + ";base64," + base64(bytes);
}

class HtmlWriter {
 public:
  std::string take() { return std::move(text_); }

  void blocks(const std::vector<Block>& list) {
    for (const Block& block : list) std::visit(*this, static_cast<const Block::variant&>(block));
  }

  void operator()(const Heading& heading) {
    const std::string tag = "h" + std::to_string(heading.level);
    const std::string id =
        heading.level == 2 ? " id=\"section-" + std::to_string(++sections_) + "\"" : std::string();
    text_ += "<" + tag + id + ">" + html_escaped(heading.text) + "</" + tag + ">\n";
  }

  void operator()(const Paragraph& paragraph) {
    const char* kind = paragraph.tone == Tone::warning ? " class=\"warning\""
                       : paragraph.tone == Tone::note  ? " class=\"note\""
                                                       : "";
    text_ += std::string("<p") + kind + ">" + html_escaped(paragraph.text) + "</p>\n";
  }

  void operator()(const Code& code) {
    text_ += "<pre>";
    const std::string lines = printable_lines(code.text);
    for (std::size_t at = 0; at < lines.size();) {
      const std::size_t end = std::min(lines.find('\n', at), lines.size());
      text_ += (at > 0 ? "\n" : "") + html_escaped(lines.substr(at, end - at));
      at = end + 1;
    }
    text_ += "</pre>\n";
  }

  void operator()(const Table& table) {
    // Reached by the keyboard, so that it can be scrolled with it.
    text_ += "<div class=\"wide\" tabindex=\"0\"><table";
    text_ += table.numbers ? " class=\"numbers\">\n<thead><tr>" : ">\n<thead><tr>";
    for (const std::string& column : table.columns)
      text_ += column.empty() ? "<td></td>" : "<th scope=\"col\">" + html_escaped(column) + "</th>";
    text_ += "</tr></thead>\n<tbody>\n";
    for (std::size_t r = 0; r < table.rows.size(); ++r) {
      text_ += r < table.marked.size() && table.marked[r] ? "<tr class=\"marked\">" : "<tr>";
      for (std::size_t c = 0; c < table.rows[r].size(); ++c)
        text_ += (c == 0 ? "<th scope=\"row\">" : "<td>") + html_escaped(table.rows[r][c]) +
                 (c == 0 ? "</th>" : "</td>");
      text_ += "</tr>\n";
    }
    text_ += "</tbody></table></div>\n";
  }

  void operator()(const Figure& figure) {
    text_ += "<figure class=\"plot\" tabindex=\"0\"><img src=\"" +
             data_uri("image/svg+xml", figure.plot.svg) + "\" width=\"" +
             std::to_string(static_cast<int>(figure.plot.width)) + "\" height=\"" +
             std::to_string(static_cast<int>(figure.plot.height)) + "\" alt=\"" +
             html_escaped(figure.description) + "\" /></figure>\n";
  }

  void operator()(const Gallery& gallery) {
    text_ += "<div class=\"gallery\">\n";
    for (const Thumbnail& item : gallery.items) {
      text_ += "<figure>";
      if (item.jpeg.empty())
        text_ += "<div class=\"gone\">" + html_escaped(item.missing) + "</div>";
      else
        text_ += "<img src=\"" + data_uri("image/jpeg", item.jpeg) + "\" width=\"" +
                 std::to_string(item.width) + "\" height=\"" + std::to_string(item.height) + "\" alt=\"" +
                 html_escaped(item.lines.empty() ? item.name : item.lines.back()) + "\" />";
      text_ += "<figcaption>";
      for (const std::string& line : item.lines) text_ += "<span>" + html_escaped(line) + "</span>";
      text_ += "</figcaption></figure>\n";
    }
    text_ += "</div>\n";
  }

  void operator()(const Fold& fold) {
    text_ += "<details><summary>" + html_escaped(fold.summary) + "</summary>\n";
    blocks(fold.blocks);
    text_ += "</details>\n";
  }

 private:
  std::string text_;
  int sections_ = 0;
};

}  // namespace

std::string html_of(const Document& document) {
  const std::string title = html_escaped(document.title);
  std::string navigation;
  int sections = 0;
  for (const Block& block : document.blocks)
    if (const auto* heading = std::get_if<Heading>(&block); heading && heading->level == 2)
      navigation +=
          "<a href=\"#section-" + std::to_string(++sections) + "\">" + html_escaped(heading->text) + "</a>\n";
  HtmlWriter writer;
  writer.blocks(document.blocks);
  return "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\" />\n"
         "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\" />\n"
         "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src data:; "
         "style-src 'unsafe-inline'\" />\n<title>" +
         title + "</title>\n<style>" + kHtmlStyle + "</style>\n</head>\n<body>\n<header><h1>" + title +
         "</h1>\n<nav>\n" + navigation + "</nav></header>\n<main>\n" + writer.take() +
         "</main>\n</body>\n</html>\n";
}

}  // namespace poster

// The pieces of a report: escaping, the two writers, which mistakes are the worst, thumbnails.
#include <gtest/gtest.h>

#include <filesystem>

#include "apps/report/escape.h"
#include "apps/report/html.h"
#include "apps/report/markdown.h"
#include "apps/report/mistakes.h"
#include "apps/report/thumbnails.h"
#include "io/codec/image_reader.h"
#include "tests/support/error_text.h"
#include "tests/support/made_images.h"
#include "tests/support/markup.h"
#include "tests/support/temporary_folder.h"

namespace poster {
namespace {

using test::expect_contains;

TEST(Escape, Html) {
  EXPECT_EQ(html_escaped("<script>&\"'기쁨"), "&lt;script&gt;&amp;&quot;&#39;기쁨");
  EXPECT_EQ(html_escaped("a\nb\xff"), "a?b?");
}

TEST(Escape, Markdown) {
  EXPECT_EQ(markdown_escaped("a|b*c_d`e[f](g)#<h>&~\\!$"),
            "a\\|b\\*c\\_d\\`e\\[f\\](g)\\#&lt;h&gt;&amp;\\~\\\\\\!\\$");
  EXPECT_EQ(markdown_escaped("기쁨\r\n\xff"), "기쁨???");
}

TEST(Escape, Url) { EXPECT_EQ(url_escaped("a b/(c)%\xEA.png"), "a%20b/%28c%29%25%EA.png"); }

TEST(Escape, Lines) { EXPECT_EQ(printable_lines("a\tb\n\xff\n"), "a?b\n?\n"); }

TEST(Escape, Base64OfRfc4648) {
  const std::pair<const char*, const char*> cases[] = {{"", ""},
                                                       {"f", "Zg=="},
                                                       {"fo", "Zm8="},
                                                       {"foo", "Zm9v"},
                                                       {"foob", "Zm9vYg=="},
                                                       {"fooba", "Zm9vYmE="},
                                                       {"foobar", "Zm9vYmFy"},
                                                       {"\xff\xfe\xfd", "//79"}};
  for (const auto& [bytes, text] : cases) EXPECT_EQ(base64(bytes), text);
}

Document hostile_document(const std::string& text) {
  Document document{text};
  document.add(Heading{2, text});
  document.add(Paragraph{text, Tone::warning});
  document.add(Code{text});
  document.add(Table{.columns = {text, text}, .rows = {{text, text}}, .marked = {true}});
  document.add(Figure{"plot", {.width = 1, .height = 1, .png = "PNG", .svg = "<svg/>"}, text});
  Gallery gallery;
  gallery.items.push_back({.name = "t.jpg", .jpeg = "JPEG", .width = 1, .height = 1, .lines = {text, text}});
  gallery.items.push_back({.name = "u.jpg", .jpeg = {}, .lines = {text}, .missing = text});
  document.add(std::move(gallery));
  document.add(Fold{text, {Paragraph{text}}});
  return document;
}

TEST(Html, StaysWholeWhateverTheTexts) {
  for (const char* text : {"</pre><script>alert(1)</script>", "\" onerror=\"alert(1)", "' --> ]]> & &lt;",
                           "\xff\x01\n", "기쁨 😀", ""}) {
    const std::string page = html_of(hostile_document(text));
    EXPECT_EQ(test::markup_error(page), "") << text;
    EXPECT_EQ(page.find("<script"), std::string::npos);
    EXPECT_EQ(page.find("\" onerror"), std::string::npos);
  }
  expect_contains(html_of(hostile_document("<b>")), "<td>&lt;b&gt;</td>");
  expect_contains(html_of(hostile_document("x")), "src=\"data:image/svg+xml;base64,PHN2Zy8+\"");
}

TEST(Html, TheCheckFindsWhatIsNotWhole) {
  const std::string good = html_of(hostile_document("x"));
  for (const auto& [what, with] : {std::pair{"</pre>", ""},
                                   {"<td>", "<td"},
                                   {"x</h2>", "<x</h2>"},
                                   {"x</h2>", "&x</h2>"},
                                   {"x</h2>", "\xff</h2>"},
                                   {"</tr>", "</td>"}}) {
    std::string bad = good;
    bad.replace(bad.find(what), std::string(what).size(), with);
    EXPECT_NE(test::markup_error(bad), "") << what << " -> " << with;
  }
}

TEST(Markdown, KeepsATextOnItsLineAndHarmless) {
  const std::string text = markdown_of(hostile_document("a|b\n# <img>"), "f").text;
  EXPECT_EQ(text.find("\n# <img>\n"), text.rfind("<img>") - 3);  // in the code block alone
  EXPECT_EQ(text.find("<img>"), text.rfind("<img>"));
}

TEST(Markdown, Literals) {
  const Markdown markdown = markdown_of(hostile_document("a|<b>"), "report (1)_files");
  expect_contains(markdown.text, "# a\\|&lt;b&gt;\n\n## a\\|&lt;b&gt;\n\n> **Note:** a\\|&lt;b&gt;\n\n");
  expect_contains(markdown.text, "```\na|<b>\n```\n");
  expect_contains(
      markdown.text,
      "| a\\|&lt;b&gt; | a\\|&lt;b&gt; |\n|---|---:|\n| **a\\|&lt;b&gt;** | **a\\|&lt;b&gt;** |\n");
  expect_contains(markdown.text, "![a\\|&lt;b&gt;](report%20%281%29_files/plot.png)");
  ASSERT_EQ(markdown.files.size(), 2u);
  EXPECT_EQ(markdown.files[0], (std::pair<std::string, std::string>("plot.png", "PNG")));
  EXPECT_EQ(markdown.files[1], (std::pair<std::string, std::string>("t.jpg", "JPEG")));
  expect_contains(markdown_of({"t", {Code{"a ```` b"}}}, "f").text, "`````\na ```` b\n`````\n");
}

io::Predictions some_predictions() {
  return {.outputs = {"a", "b", "c"},
          .images = {{"test/a/0", 0, 0, {0.9f, 0.1f, 0}},
                     {"test/a/1", 0, 1, {0.2f, 0.6f, 0.2f}},
                     {"test/b/2", 1, 2, {0, 0.1f, 0.9f}},
                     {"test/c/3", 2, 0, {0.6f, 0, 0.4f}},
                     {"test/c/4", 2, 1, {0, 0.95f, 0.05f}}}};
}

TEST(WorstMistakes, TheMostCertainFirst) {
  EXPECT_EQ(worst_mistakes(some_predictions(), 10), (std::vector<std::size_t>{4, 2, 1, 3}));
  EXPECT_EQ(worst_mistakes(some_predictions(), 2), (std::vector<std::size_t>{4, 2}));
  EXPECT_TRUE(worst_mistakes(some_predictions(), 0).empty());
  EXPECT_TRUE(worst_mistakes({}, 5).empty());
}

io::Image decoded(const Thumbnail& thumbnail) {
  return io::decode_image(
      {reinterpret_cast<const std::uint8_t*>(thumbnail.jpeg.data()), thumbnail.jpeg.size()}, "t");
}

TEST(Thumbnails, ShowWhatTheNetworkSaw) {
  const test::TemporaryFolder folder;
  const std::string path = folder / "test/happy/1.png";
  std::filesystem::create_directories(folder / "test/happy");
  io::write_image(path, test::four_corners(64, 64));
  const auto full = make_thumbnails({path}, io::recipe_by_name("plain"), {});
  ASSERT_EQ(full.size(), 1u);
  EXPECT_EQ(full[0].width, 112);
  EXPECT_EQ(decoded(full[0]).width, 112);
  EXPECT_EQ(test::corners_of(decoded(full[0])), "RGBW");
  io::ViewOptions lower;
  lower.view = io::View::lower;
  const auto half = make_thumbnails({path}, io::recipe_by_name("raf-db"), lower);
  EXPECT_EQ(test::corners_of(decoded(half[0])), "BWBW");
}

TEST(Thumbnails, WhatCannotBeReadIsSaid) {
  const test::TemporaryFolder folder;
  io::write_image(folder / "good.png", test::made_image(1));
  test::write_file(folder / "bad.png", {1, 2, 3});
  const io::Recipe recipe = io::recipe_by_name("plain");
  const auto list =
      make_thumbnails({folder / "none.png", folder / "good.png", folder / "bad.png"}, recipe, {});
  ASSERT_EQ(list.size(), 3u);
  EXPECT_EQ(list[0].missing, "gone");
  EXPECT_FALSE(list[1].jpeg.empty());
  EXPECT_TRUE(list[2].jpeg.empty());
  expect_contains(list[2].missing, "bad.png");
  io::ViewOptions view;
  view.view = io::View::headset;
  view.headset_texture = folder / "no texture.png";
  const auto none = make_thumbnails({folder / "good.png"}, recipe, view);
  ASSERT_EQ(none.size(), 1u);
  expect_contains(none[0].missing, "no texture.png");
}

}  // namespace
}  // namespace poster

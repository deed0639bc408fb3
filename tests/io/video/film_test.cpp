// Films: whole, cut, damaged, turned, of changing size, and what only looks like one
// (tests/data/films/make.sh).
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <set>
#include <string>
#include <vector>

#include "engine/error.h"
#include "io/codec/image_reader.h"
#include "io/video/film_count.h"
#include "io/video/film_damage.h"
#include "io/video/film_kind.h"
#include "io/video/film_reader.h"
#include "io/video/film_writer.h"
#include "tests/support/temporary_folder.h"

namespace {

namespace fs = std::filesystem;
using namespace poster::io;

const std::string kFilms = POSTER_TEST_DATA "/films/";

struct Film {
  std::vector<Frame> frames;
  double rate = 0;
  std::string note, complaint;  // without the path
};

Film read(const std::string& path) {
  FilmReader reader(path);
  Film film;
  for (Frame frame; reader.next(frame); frame = {}) film.frames.push_back(std::move(frame));
  film.rate = reader.frames_per_second();
  const auto without_path = [&](std::string text) {
    if (text.empty()) return text;
    EXPECT_TRUE(text.starts_with(path + ": ")) << text;
    return text.substr(path.size() + 2);
  };
  film.note = without_path(reader.note());
  film.complaint = without_path(reader.complaint());
  return film;
}

std::string bytes_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::string error_of(const std::string& path) {
  try {
    const Film film = read(path);
    return "read: " + std::to_string(film.frames.size());
  } catch (const poster::Error& error) {
    const std::string text = error.what();
    EXPECT_EQ(text.find(path + ": "), 0u) << text;
    EXPECT_EQ(text.find('\n'), std::string::npos) << text;
    return text;
  }
}

bool holds(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

class FilmTest : public testing::Test {
 protected:
  std::string write(const std::string& name, const std::string& bytes) const {
    std::ofstream(folder_ / name, std::ios::binary) << bytes;
    return folder_ / name;
  }
  poster::test::TemporaryFolder folder_;
};

const std::vector<std::string> kWhole = {"whole.mov", "whole.mkv",  "whole.ts",           "whole.3gp",
                                         "whole.flv", "whole.ogv",  "whole.wmv",          "whole.mpg",
                                         "whole.avi", "whole.webm", "whole-fragments.mp4"};

TEST_F(FilmTest, EveryContainerIsReadWholeAndKnownByItsContent) {
  for (const std::string& name : kWhole) {
    const std::string path = write("film.jpg", bytes_of(kFilms + name));
    EXPECT_EQ(content_kind(path), ContentKind::film) << name;
    EXPECT_TRUE(has_film_extension(name)) << name;
    const Film film = read(path);
    EXPECT_EQ(film.complaint, "") << name;
    EXPECT_EQ(film.note, "") << name;
    // Theora says nothing of frames that don't change.
    EXPECT_EQ(film.frames.size(), name == "whole.ogv" ? 6u : 10u) << name;
    EXPECT_DOUBLE_EQ(film.rate, name == "whole.mpg" ? 25 : 10) << name;
    double last = -1;
    for (const Frame& frame : film.frames) {
      EXPECT_EQ(frame.image.width, name == "whole.3gp" ? 128 : 32) << name;
      EXPECT_FALSE(frame.damaged) << name;
      EXPECT_GT(frame.time_s, last) << name;
      last = frame.time_s;
    }
    EXPECT_NEAR(last - film.frames.front().time_s, name == "whole.mpg" ? 0.36 : 0.9, 1e-3) << name;
  }
}

bool same_images(const Film& one, const Film& other) {
  return std::ranges::equal(one.frames, other.frames, {}, &Frame::image, &Frame::image);
}

TEST_F(FilmTest, WhatIsCutOffIsSaid) {
  for (const std::string& name : kWhole) {
    const std::string bytes = bytes_of(kFilms + name);
    const Film whole = read(kFilms + name);
    for (const double share : {0.35, 0.55, 0.7}) {
      const std::string path =
          write("cut", bytes.substr(0, static_cast<std::size_t>(share * static_cast<double>(bytes.size()))));
      try {
        const Film film = read(path);
        // Only filling may be missing without a word.
        EXPECT_TRUE(!film.complaint.empty() || same_images(film, whole)) << name << " " << share;
      } catch (const poster::Error& error) {  // without a header or an index
        EXPECT_TRUE(holds(error.what(), "fetch or export it again")) << name << ": " << error.what();
      }
    }
  }
}

TEST_F(FilmTest, ACutAviIsComparedWithItsHeader) {
  const std::string bytes = bytes_of(kFilms + "whole.avi");
  const std::size_t index = bytes.find("idx1");
  const Film film = read(write("cut.avi", bytes.substr(0, index - 70)));
  EXPECT_GT(film.frames.size(), 3u);
  EXPECT_TRUE(holds(film.complaint, std::to_string(film.frames.size()) + " of 10 frames could be read"))
      << film.complaint;
}

TEST_F(FilmTest, HolesAreSaidAndReadingGoesOnBehindThem) {
  for (const std::string& name : kWhole) {
    // VP8 takes any bytes for an image, and MPEG-1 takes zeros for filling between images; no checksum
    // tells.
    if (name == "whole.webm" || name == "whole.mpg") continue;
    const std::string bytes = bytes_of(kFilms + name);
    const Film whole = read(kFilms + name);
    std::set<std::size_t> lengths;
    for (std::size_t i = 2; i < 9; ++i) {
      std::string damaged = bytes;
      damaged.replace(bytes.size() * i / 10, bytes.size() / 10, bytes.size() / 10, '\0');
      const std::string path = write("hole", damaged);
      try {
        const Film film = read(path);
        EXPECT_TRUE(!film.complaint.empty() || same_images(film, whole)) << name << " " << i;
        lengths.insert(film.frames.size());
      } catch (const poster::Error& error) {
        // In QuickTime's index, it hides what follows.
        EXPECT_TRUE(holds(error.what(), "fetch or export it again") || holds(error.what(), "no video"))
            << name << ": " << error.what();
      }
    }
    if (name == "whole.ogv") continue;  // its frames lie in one page
    EXPECT_TRUE(std::ranges::any_of(lengths, [](std::size_t n) { return n >= 3; })) << name;
  }
}

TEST_F(FilmTest, ComparesWhatWasExpectedWithWhatWasRead) {
  testing::internal::CaptureStderr();
  const Film cut = read(kFilms + "cut.mp4");
  EXPECT_EQ(cut.frames.size(), 15u);
  EXPECT_EQ(cut.complaint, "ends early, 15 of 30 frames could be read; fetch or export it again");
  const Film webm = read(kFilms + "cut.webm");
  EXPECT_EQ(webm.frames.size(), 14u);
  EXPECT_EQ(webm.complaint, "ends early, 14 of about 30 frames could be read; fetch or export it again");
  const Film hole = read(kFilms + "hole.mp4");
  EXPECT_EQ(hole.frames.size(), 26u);
  EXPECT_EQ(hole.complaint.find("damaged, 26 of 30 frames could be read, "), 0u) << hole.complaint;
  // Those of the group with the hole, as many as FFmpeg gives; before and behind them all are good.
  EXPECT_TRUE(hole.frames.at(12).damaged);
  for (std::size_t i = 0; i < hole.frames.size(); ++i)
    EXPECT_TRUE((i > 10 && i < 16) || !hole.frames[i].damaged) << i;
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
}

TEST_F(FilmTest, EachFrameHasItsOwnSize) {
  const Film change = read(kFilms + "change.webm"), second = read(kFilms + "second.webm");
  ASSERT_EQ(change.frames.size(), 20u);
  ASSERT_EQ(second.frames.size(), 10u);
  for (std::size_t i = 0; i < 10; ++i) {
    EXPECT_EQ(change.frames[i].image.width, 96);
    EXPECT_EQ(change.frames[10 + i].image, second.frames[i].image) << i;
  }
  const Film shrink = read(kFilms + "shrink.webm");
  ASSERT_EQ(shrink.frames.size(), 20u);
  EXPECT_EQ(shrink.frames[10].image.width, 48);
  EXPECT_EQ(shrink.frames[10].image.height, 32);
}

// Made with pixels twice as wide as high; and the same film as it is shown.
TEST_F(FilmTest, PixelsAreMadeSquare) {
  const Film film = read(kFilms + "wide-pixels.mkv");
  ASSERT_EQ(film.frames.size(), 2u);
  const Image& image = film.frames[0].image;
  EXPECT_EQ(image.width, 64);
  EXPECT_EQ(image.height, 32);
  // Left half red, right half blue.
  const auto at = [&](int x) { return image.row(16) + 3 * x; };
  EXPECT_GT(at(24)[0], at(24)[2] + 100);
  EXPECT_GT(at(40)[2], at(40)[0] + 100);
}

// The display matrix of a track's header (ISO 14496-12, 8.3.2).
std::string turned(std::string bytes, int a, int b, int c, int d) {
  std::size_t at = bytes.find("tkhd") + 44;
  for (const int value : {a, b, 0, c, d}) {
    const unsigned fixed = static_cast<unsigned>(value) << 16;
    for (int i = 0; i < 4; ++i) bytes[at++] = static_cast<char>(fixed >> (24 - 8 * i));
  }
  return bytes;
}

TEST_F(FilmTest, FramesAreTurnedAsTheFilmSays) {
  const std::string bytes = bytes_of(kFilms + "whole.mov");
  const Image stored = read(kFilms + "whole.mov").frames[3].image;
  const int w = stored.width, h = stored.height;
  const auto pixel = [](const Image& image, int x, int y) {
    return std::vector<std::uint8_t>(image.row(y) + 3 * x, image.row(y) + 3 * x + 3);
  };
  const struct {
    int a, b, c, d;
  } cases[] = {{0, 1, -1, 0}, {-1, 0, 0, -1}, {0, -1, 1, 0}, {-1, 0, 0, 1}, {1, 0, 0, -1}, {0, 1, 1, 0}};
  for (const auto& m : cases) {
    const Film film = read(write("turned.mov", turned(bytes, m.a, m.b, m.c, m.d)));
    ASSERT_EQ(film.frames.size(), 10u);
    const Image& image = film.frames[3].image;
    ASSERT_EQ(image.width, m.a != 0 ? w : h);
    ASSERT_EQ(image.height, m.a != 0 ? h : w);
    for (int y = 0; y < h; ++y)
      for (int x = 0; x < w; ++x) {
        // Where the pixel lands; negative coordinates count from the other side.
        const int tx = m.a * x + m.c * y, ty = m.b * x + m.d * y;
        const int ux = (m.a + m.c < 0 ? image.width - 1 : 0) + tx,
                  uy = (m.b + m.d < 0 ? image.height - 1 : 0) + ty;
        ASSERT_EQ(pixel(image, ux, uy), pixel(stored, x, y))
            << m.a << m.b << m.c << m.d << " " << x << "," << y;
      }
  }
}

TEST_F(FilmTest, ColoursFollowMatrixAndRange) {
  for (const char* name : {"full-range-709.mkv", "limited-range-601.mkv"}) {
    const Film film = read(kFilms + name);
    ASSERT_EQ(film.frames.size(), 2u) << name;
    const std::uint8_t* const rgb = film.frames[0].image.row(16) + 3 * 16;
    EXPECT_NEAR(rgb[0], 0xC8, 3) << name;  // FFmpeg rounded when it was made
    EXPECT_NEAR(rgb[1], 0x28, 3) << name;
    EXPECT_NEAR(rgb[2], 0x3C, 3) << name;
  }
}

TEST_F(FilmTest, TimesAreThoseOfTheFilm) {
  const Film film = read(kFilms + "variable-rate.mp4");
  ASSERT_EQ(film.frames.size(), 15u);
  EXPECT_EQ(film.complaint, "");
  std::size_t i = 0;
  for (int n = 0; n < 30; ++n) {
    if (n % 3 != 0 && n % 4 != 0) continue;
    EXPECT_NEAR(film.frames[i++].time_s, n / 10.0, 1e-3);
  }
}

TEST_F(FilmTest, SaysWhichStreamItTakesAndWhyThereIsNone) {
  const Film two = read(kFilms + "two-streams.mkv");
  EXPECT_EQ(two.note, "2 video streams; the one of 64x96 (stream 1) is taken");
  EXPECT_EQ(two.frames.at(0).image.width, 64);
  EXPECT_TRUE(holds(error_of(kFilms + "sound.m4a"), "no video in this file, only sound;"));
  EXPECT_TRUE(holds(error_of(kFilms + "cover.m4a"), "no video in this file, only sound and a cover;"));
  EXPECT_TRUE(holds(error_of(kFilms + "encrypted.mp4"), "an encrypted film"));
}

TEST_F(FilmTest, OpensNothingButTheOneFile) {
  // Both name a film that is there.
  EXPECT_TRUE(holds(error_of(kFilms + "playlist.m3u8"), "not a film"));
  EXPECT_TRUE(holds(error_of(kFilms + "playlist.mp4"), "not a film"));
  EXPECT_TRUE(holds(error_of(write("sdp.mp4",
                                   "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\n"
                                   "m=video 5004 RTP/AVP 96\na=rtpmap:96 H264/90000\n")),
                    "not a film"));
}

TEST_F(FilmTest, RefusesWhatIsNoFilm) {
  EXPECT_TRUE(holds(error_of(write("text.avi", "no film")), "not a film"));
  EXPECT_TRUE(holds(error_of(write("empty.mp4", "")), "empty"));
  EXPECT_TRUE(holds(error_of(folder_ / "missing.mp4"), "missing.mp4"));
  fs::create_directory(folder_ / "folder.mp4");
  EXPECT_TRUE(holds(error_of(folder_ / "folder.mp4"), "folder"));
  const std::string pipe = folder_ / "pipe.mp4";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  EXPECT_TRUE(holds(error_of(pipe), "not a regular file"));
  EXPECT_EQ(content_kind(pipe), ContentKind::other);
  const std::string image = folder_ / "image.png";
  write_image(image, Image(40, 30));
  EXPECT_EQ(content_kind(image), ContentKind::image);
  std::string heic(
      "\0\0\0\x18"
      "ftypheic",
      12);
  heic.append(40, 'x');
  EXPECT_EQ(content_kind(write("heic.mp4", heic)), ContentKind::image);
}

TEST_F(FilmTest, RefusesSizesBeyondTheCaps) {
  const std::string raw = write("huge.y4m", "YUV4MPEG2 W40000 H48 F10:1 Ip A1:1 C420jpeg\nFRAME\n" +
                                                std::string(40000 * 48 * 3 / 2, 'x'));
  EXPECT_TRUE(holds(error_of(raw), "40000x48 pixels, more than the limit"));
  // Where the container tells less than the frames.
  FilmWriter writer(folder_ / "film.avi", 10);
  writer.write(Image(64, 48));
  writer.close();
  std::string bytes = bytes_of(folder_ / "film.avi");
  const std::size_t frame = bytes.find("\xFF\xC0");  // JPEG's frame header: length, precision, height, width
  bytes.replace(frame + 5, 4, "\xFF\xFF\xFF\xFF");
  const Film film = read(write("huge.avi", bytes));
  EXPECT_TRUE(film.frames.empty());
  EXPECT_TRUE(holds(film.complaint, "no frame can be read")) << film.complaint;
}

TEST_F(FilmTest, WritesWhatItReads) {
  const std::string path = folder_ / "out.avi";
  Image image(40, 30);
  {
    FilmWriter writer(path, 30000.0 / 1001);
    for (int i = 0; i < 5; ++i) {
      std::fill(image.rgb.begin(), image.rgb.end(), static_cast<std::uint8_t>(50 * i));
      writer.write(image);
    }
    EXPECT_FALSE(fs::exists(path));
    EXPECT_THROW(writer.write(Image(41, 30)), poster::Error);
    writer.close();
  }
  const Film film = read(path);
  EXPECT_EQ(film.complaint, "");
  EXPECT_DOUBLE_EQ(film.rate, 30000.0 / 1001);
  ASSERT_EQ(film.frames.size(), 5u);
  for (int i = 0; i < 5; ++i) EXPECT_NEAR(film.frames[static_cast<std::size_t>(i)].image.rgb[600], 50 * i, 3);
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_.path()), {}), 1);
  // What is there stays.
  const std::string before = bytes_of(path);
  FilmWriter again(path, 10);
  again.write(image);
  EXPECT_THROW(again.close(), poster::Error);
  EXPECT_EQ(bytes_of(path), before);
}

TEST_F(FilmTest, AFilmThatCannotBeWrittenLeavesNothing) {
  const auto unfinished = [&] {
    FilmWriter writer(folder_ / "stopped.avi", 10);
    writer.write(Image(40, 30));
  };
  unfinished();
  EXPECT_TRUE(fs::is_empty(folder_.path()));
  std::signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  // In the middle of the film, of its index, of its header's last change.
  for (const rlim_t limit : {rlim_t{4000}, rlim_t{6500}, rlim_t{9000}}) {
    const rlimit small{limit, before.rlim_max};
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
    std::string message;
    try {
      FilmWriter writer(folder_ / "limited.avi", 10);
      for (int i = 0; i < 100; ++i) writer.write(Image(40, 30));
      writer.close();
    } catch (const poster::Error& error) {
      message = error.what();
    }
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
    EXPECT_TRUE(holds(message, "larger than files may be")) << limit << message;
    EXPECT_TRUE(fs::is_empty(folder_.path())) << limit;
  }
}

TEST(FilmDamageTest, ReachesFromTheErrorToTheNextKeyFrame) {
  FilmDamage damage;
  // I0 P4 B2 | I8 P12 B10: an error in P4, on which B2 builds.
  damage.packet(0, true);
  damage.packet(4, false);
  damage.error();
  EXPECT_FALSE(damage.frame(0, true));
  damage.packet(2, false);
  EXPECT_TRUE(damage.frame(2, false));
  damage.packet(8, true);
  EXPECT_TRUE(damage.frame(4, false));
  EXPECT_FALSE(damage.frame(8, true));
  damage.packet(12, false);
  damage.packet(10, false);
  EXPECT_FALSE(damage.frame(10, false));
  // What was lost before a frame that stands alone harms nothing; before another it does.
  damage.error_before_next();
  damage.packet(16, true);
  EXPECT_FALSE(damage.frame(16, true));
  damage.error_before_next();
  damage.packet(20, false);
  EXPECT_TRUE(damage.frame(20, false));
  // I30, then B26 and B28, shown before it: an error in B26 harms nothing behind I30.
  damage.packet(30, true);
  damage.packet(26, false);
  damage.error();
  damage.packet(28, false);
  damage.packet(34, false);
  EXPECT_TRUE(damage.frame(26, false));
  EXPECT_FALSE(damage.frame(30, true));
  EXPECT_FALSE(damage.frame(34, false));
}

TEST(FilmCountTest, SaysWhatIsMissing) {
  FilmCount count{.expected_frames = 30, .exact = true, .packets = 30, .frames = 30};
  EXPECT_EQ(count.complaint(), "");
  count.packets = count.frames = 29;
  EXPECT_EQ(count.complaint(), "ends early, 29 of 30 frames could be read; fetch or export it again");
  count.frames = 0;
  EXPECT_TRUE(holds(count.complaint(), "no frame can be read"));
  count = {.expected_s = 10, .tolerance_s = 0.25, .frames_per_second = 25, .read_s = 9.8, .frames = 245};
  EXPECT_EQ(count.complaint(), "");
  count.read_s = 9.7;
  EXPECT_EQ(count.complaint(), "ends early, 245 of about 250 frames could be read; fetch or export it again");
  count = {.frames = 7, .disk_error = "Input/output error"};
  EXPECT_EQ(count.complaint(),
            "cannot be read to its end (Input/output error), 7 frames could be read; fetch or export "
            "it again");
  count = {.frames = 7, .errors = 1};
  count.add_damaged(2);
  EXPECT_EQ(count.complaint(),
            "damaged, 7 frames could be read, 1 of them damaged (frame 2); fetch or export it again");
  count.add_damaged(5);
  EXPECT_TRUE(holds(count.complaint(), "2 of them damaged (between 2 and 5)"));
}

TEST_F(FilmTest, WrittenFilmsKeepRateTimesAndImages) {
  std::vector<std::string> kinds = {"out.avi"};
  if (can_write_mp4()) kinds.emplace_back("out.mp4");
  for (const std::string& name : kinds) {
    const std::string path = folder_ / name;
    FilmWriter writer(path, 30000.0 / 1001, "somebody");
    for (int i = 0; i < 12; ++i) {
      Image image(161, 121);
      std::fill(image.rgb.begin(), image.rgb.end(), static_cast<std::uint8_t>(20 * i));
      writer.write(image);
    }
    EXPECT_FALSE(fs::exists(path)) << name;
    writer.close();
    const Film film = read(path);
    EXPECT_EQ(film.complaint, "") << name;
    EXPECT_NEAR(film.rate, 30000.0 / 1001, 1e-6) << name;
    ASSERT_EQ(film.frames.size(), 12u) << name;
    for (std::size_t i = 0; i < film.frames.size(); ++i) {
      EXPECT_NEAR(film.frames[i].time_s, static_cast<double>(i) * 1001 / 30000, 1e-3) << name << " " << i;
      EXPECT_EQ(film.frames[i].image.width, name == "out.mp4" ? 162 : 161);
      EXPECT_NEAR(film.frames[i].image.pixel(80, 60)[0], static_cast<double>(20 * i), 5) << name << " " << i;
    }
  }
}

}  // namespace

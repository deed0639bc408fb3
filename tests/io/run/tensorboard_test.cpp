#include "io/run/tensorboard_log.h"

#include <gtest/gtest.h>

#include <cmath>

#include "engine/error.h"
#include "io/format/checksum.h"
#include "tests/support/temporary_folder.h"
#include "tests/support/tensorboard_reader.h"

namespace poster::io {
namespace {

using test::parse_proto;
using test::ProtoFields;
using test::read_events;
using test::read_file;
using test::scalars_of;

EpochMetrics row(int epoch, double value) {
  return {.epoch = epoch,
          .learning_rate = value / 1000,
          .train_loss = value,
          .train_accuracy = value + 1,
          .valid_loss = value + 2,
          .valid_accuracy = value + 3,
          .seconds = 10,
          .images_per_second = value + 4};
}

// The one Summary.Value with that tag, and its event's step in `step`.
ProtoFields value_of(const std::vector<ProtoFields>& events, const std::string& tag,
                     std::uint64_t* step = nullptr) {
  std::vector<ProtoFields> found;
  for (const ProtoFields& event : events) {
    if (!event.bytes.contains(5)) continue;
    const ProtoFields summary = parse_proto(event.text(5));
    for (auto [at, end] = summary.bytes.equal_range(1); at != end; ++at)
      if (ProtoFields value = parse_proto(at->second); value.text(1) == tag) {
        found.push_back(std::move(value));
        if (step != nullptr) *step = event.number(2);
      }
  }
  if (found.size() != 1) throw std::runtime_error(tag + " occurs " + std::to_string(found.size()) + " times");
  return found[0];
}

std::string png() { return read_file(POSTER_TEST_DATA "/images/tall.png"); }

TEST(Crc32c, AgreesWithTheStandardsValues) {
  const std::string zeros(32, '\0'), ones(32, '\xFF');
  EXPECT_EQ(crc32c(zeros.data(), zeros.size()), 0x8A9136AAu);  // RFC 3720, appendix B.4
  EXPECT_EQ(crc32c(ones.data(), ones.size()), 0x62A8AB43u);
  EXPECT_EQ(crc32c("123456789", 9), 0xE3069283u);
  EXPECT_EQ(crc32c("", 0), 0u);
}

TEST(TensorBoardLog, ARunsFile) {
  const test::TemporaryFolder folder;
  EXPECT_FALSE(TensorBoardLog::in(folder.path()));
  TensorBoardLog log(folder.path(),
                     {.settings = "    seed: 1", .kept = {}, .best_confusion = "", .now = 1700000000.5});
  EXPECT_EQ(log.path(), folder / "events.out.tfevents.1700000000.poster");
  EXPECT_TRUE(TensorBoardLog::in(folder.path()));
  log.add(row(0, 0.5), png(), 1700000010.25);
  EpochMetrics without_valid = row(1, 0.25);
  without_valid.valid_loss = without_valid.valid_accuracy = std::nan("");
  log.add(without_valid, "", 1700000020.25);

  // What was added is there while the log is open.
  const auto events = read_events(read_file(log.path()));
  ASSERT_EQ(events.size(), 5u);
  EXPECT_EQ(events[0].text(3), "brain.Event:2");
  EXPECT_EQ(events[0].fixed<double>(1), 1700000000.5);
  EXPECT_EQ(parse_proto(events[1].text(7)).number(1), 1u);  // START, from step 0
  EXPECT_EQ(events[1].number(2), 0u);
  EXPECT_EQ(events[3].fixed<double>(1), 1700000010.25);
  EXPECT_EQ(events[4].number(2), 1u);
  EXPECT_EQ(scalars_of(events), (test::Scalars{{"loss/train", {{0, 0.5f}, {1, 0.25f}}},
                                               {"loss/valid", {{0, 2.5f}}},
                                               {"accuracy/train", {{0, 1.5f}, {1, 1.25f}}},
                                               {"accuracy/valid", {{0, 3.5f}}},
                                               {"learning_rate", {{0, 0.0005f}, {1, 0.00025f}}},
                                               {"images_per_second", {{0, 4.5f}, {1, 4.25f}}}}));

  std::uint64_t step = 9;
  const ProtoFields image = parse_proto(value_of(events, "confusion/best", &step).text(4));
  EXPECT_EQ(step, 0u);
  EXPECT_EQ(image.text(4), png());
  // Width and height as the PNG's IHDR has them: bytes 16 to 23, big endian.
  const auto big_endian = [](const std::string& bytes, std::size_t at) {
    std::uint64_t value = 0;
    for (std::size_t i = at; i < at + 4; ++i) value = value << 8 | static_cast<unsigned char>(bytes[i]);
    return value;
  };
  EXPECT_EQ(image.number(2), big_endian(png(), 16));
  EXPECT_EQ(image.number(1), big_endian(png(), 20));

  const ProtoFields settings = value_of(events, "settings");
  EXPECT_EQ(parse_proto(parse_proto(settings.text(9)).text(1)).text(1), "text");
  EXPECT_EQ(parse_proto(settings.text(8)).number(1), 7u);
  EXPECT_EQ(parse_proto(settings.text(8)).text(8), "    seed: 1");
}

TEST(TensorBoardLog, ARunThatGoesOnHasOneFileWithoutDoubles) {
  const test::TemporaryFolder folder;
  {
    TensorBoardLog log(folder.path(), {.settings = "a", .kept = {}, .best_confusion = "", .now = 1000});
    for (int epoch = 0; epoch < 3; ++epoch) log.add(row(epoch, epoch + 1), png(), 1010 + 10 * epoch);
  }
  test::write_file(folder / "events.out.tfevents.999.other", "another program's");
  const std::vector<EpochMetrics> kept{row(0, 1), row(1, 2)};
  // The clock was set back: the new file is the last in the order of names all the same.
  TensorBoardLog log(folder.path(),
                     {.settings = "a", .kept = kept, .best_confusion = png(), .best_epoch = 1, .now = 900});
  EXPECT_EQ(log.path(), folder / "events.out.tfevents.1001.poster");
  log.add(row(2, 30), "", 950);
  // The old one is emptied; the next time it goes.
  EXPECT_EQ(read_file(folder / "events.out.tfevents.1000.poster"), "");
  EXPECT_EQ(folder.entries(), 3);
  const auto events = read_events(read_file(log.path()));
  const auto scalars = scalars_of(events);
  EXPECT_EQ(scalars.at("loss/train"), (std::map<std::int64_t, float>{{0, 1}, {1, 2}, {2, 30}}));
  EXPECT_EQ(parse_proto(events[1].text(7)).number(1), 1u);
  std::uint64_t step = 9;
  value_of(events, "confusion/best", &step);
  EXPECT_EQ(step, 1u);
  // Times of what was kept: counted back by ten seconds an epoch.
  EXPECT_EQ(events[0].fixed<double>(1), 880);
  EXPECT_EQ(events[3].fixed<double>(1), 890);
  EXPECT_EQ(events[4].fixed<double>(1), 900);
  EXPECT_EQ(events[5].fixed<double>(1), 950);
  const TensorBoardLog third(folder.path(),
                             {.settings = "a", .kept = kept, .best_confusion = "", .now = 960});
  EXPECT_EQ(third.path(), folder / "events.out.tfevents.1002.poster");
  EXPECT_EQ(read_file(folder / "events.out.tfevents.1001.poster"), "");
  EXPECT_EQ(read_file(folder / "events.out.tfevents.999.other"), "another program's");
  EXPECT_EQ(folder.entries(), 3);
}

TEST(TensorBoardLog, PlacesThatDontDo) {
  const test::TemporaryFolder folder;
  const TensorBoardLog::Start start{.settings = "a", .kept = {}, .best_confusion = "", .now = 1};
  EXPECT_NE(test::message_of<Error>([&] { TensorBoardLog log(folder / "none", start); }).find("none"),
            std::string::npos);
  TensorBoardLog log(folder.path(), start);
  EXPECT_NE(test::message_of<Error>([&] { log.add(row(0, 1), "no image", 2); }).find("confusion/best"),
            std::string::npos);
  EXPECT_EQ(read_events(read_file(log.path())).size(), 3u);  // nothing half-written
}

}  // namespace
}  // namespace poster::io

#include "io/run/run_log.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "engine/error.h"
#include "io/format/json_writer.h"
#include "tests/support/temporary_folder.h"

namespace poster::io {
namespace {

using test::message_of;
using test::read_file;

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

std::time_t noon() {
  std::tm local{};
  local.tm_year = 2024 - 1900;
  local.tm_mon = 2;
  local.tm_mday = 5;
  local.tm_hour = 14;
  local.tm_min = 7;
  local.tm_sec = 9;
  local.tm_isdst = -1;
  return std::mktime(&local);
}

TEST(RunFolder, IsNamedByTimeAndRecipe) {
  test::TemporaryFolder folder;
  const auto parent = folder / "some/runs";
  const RunFolder first = RunFolder::create("lower face/v2", parent, noon());
  EXPECT_EQ(first.path(), parent / "20240305-140709-lower-face-v2");
  EXPECT_TRUE(std::filesystem::is_directory(first.path()));
  EXPECT_EQ(RunFolder::create("lower face/v2", parent, noon()).path(),
            parent / "20240305-140709-lower-face-v2-2");
  EXPECT_EQ(RunFolder::create("lower face/v2", parent, noon()).path(),
            parent / "20240305-140709-lower-face-v2-3");
  EXPECT_EQ(RunFolder::create("../..", parent, noon()).path(), parent / "20240305-140709-..-..");
  EXPECT_EQ(first.log(), first.path() / "log.txt");
  EXPECT_EQ(first / "last.safetensors", first.path() / "last.safetensors");
}

TEST(RunFolder, AtAGivenPlace) {
  test::TemporaryFolder folder;
  EXPECT_EQ(RunFolder::at(folder / "a/b").path(), folder / "a/b");
  EXPECT_EQ(RunFolder::at(folder / "a/b").path(), folder / "a/b");  // it may exist
  EXPECT_EQ(folder.entries(), 1);
}

TEST(RunFolder, PlacesThatDontDo) {
  test::TemporaryFolder folder;
  test::write_file(folder / "file", "x");
  const auto at_file = message_of<Error>([&] { RunFolder::at(folder / "file"); });
  EXPECT_TRUE(contains(at_file, "file: is in the place of a folder")) << at_file;
  const auto below_file = message_of<Error>([&] { RunFolder::at(folder / "file/run"); });
  EXPECT_TRUE(contains(below_file, "file/run: is in the place of a folder, or on the way")) << below_file;
  const auto create = message_of<Error>([&] { RunFolder::create("x", folder / "file"); });
  EXPECT_TRUE(contains(create, "in the place of a folder")) << create;
}

TEST(RunFolder, NoPermission) {
  test::TemporaryFolder folder;
  std::filesystem::permissions(folder.path(), std::filesystem::perms(0755));
  const bool root = ::geteuid() == 0;
  if (root && ::seteuid(65534) != 0) GTEST_SKIP() << "root can't become nobody here";
  if (!root) std::filesystem::permissions(folder.path(), std::filesystem::perms(0555));
  const auto message = message_of<Error>([&] { RunFolder::create("x", folder / "runs"); });
  if (root) {
    ASSERT_EQ(::seteuid(0), 0);
  }
  std::filesystem::permissions(folder.path(), std::filesystem::perms(0755));
  EXPECT_TRUE(contains(message, "no permission to write in " + folder.path().string())) << message;
}

TEST(LineLog, AppendsAndIsThereAtOnce) {
  test::TemporaryFolder folder;
  {
    LineLog log(folder / "log.txt");
    log.line("Current learning rate: 3.5e-05");
    EXPECT_EQ(read_file(folder / "log.txt"), "Current learning rate: 3.5e-05\n");
    LineLog moved = std::move(log);
    moved.line("");
  }
  LineLog(folder / "log.txt").line(" * Accuracy 82.361");
  EXPECT_EQ(read_file(folder / "log.txt"), "Current learning rate: 3.5e-05\n\n * Accuracy 82.361\n");
}

TEST(LineLog, SaysWhenItCantWrite) {
  test::TemporaryFolder folder;
  EXPECT_TRUE(contains(message_of<Error>([&] { LineLog log(folder / "none/log.txt"); }), "doesn't exist"));
  if (!std::filesystem::exists("/dev/full")) GTEST_SKIP() << "no /dev/full";
  LineLog log("/dev/full");
  EXPECT_TRUE(contains(message_of<Error>([&] { log.line("x"); }), "/dev/full: disk full"));
}

EpochMetrics row(int epoch) {
  return {.epoch = epoch,
          .learning_rate = 3.5e-5,
          .train_loss = 1.0 / 3 + epoch,
          .train_accuracy = 50.5,
          .valid_loss = 0.25,
          .valid_accuracy = 82.36111450195312,
          .seconds = 12,
          .images_per_second = 240.125};
}

const std::string kHeader =
    "epoch,lr,train_loss,train_accuracy,valid_loss,valid_accuracy,seconds,images_per_second\n";

TEST(MetricsTable, RowsReadBackAsTheyWere) {
  test::TemporaryFolder folder;
  MetricsTable table(folder / "metrics.csv", 0);
  table.add(row(0));
  table.add(row(1));
  EXPECT_EQ(read_file(folder / "metrics.csv"),
            kHeader + "0,3.5e-05,0.3333333333333333,50.5,0.25,82.36111450195312,12,240.125\n" +
                "1,3.5e-05,1.3333333333333333,50.5,0.25,82.36111450195312,12,240.125\n");
  const MetricsTable again(folder / "metrics.csv", 9);
  ASSERT_EQ(again.rows().size(), 2u);
  EXPECT_EQ(again.rows()[1].train_loss, row(1).train_loss);
  EXPECT_EQ(again.rows()[1].images_per_second, 240.125);
}

TEST(MetricsTable, GoingOnDropsLaterRows) {
  test::TemporaryFolder folder;
  MetricsTable table(folder / "metrics.csv", 0);
  for (int epoch = 0; epoch < 5; ++epoch) table.add(row(epoch));
  MetricsTable resumed(folder / "metrics.csv", 2);
  ASSERT_EQ(resumed.rows().size(), 2u);
  EXPECT_EQ(MetricsTable(folder / "metrics.csv", 9).rows().size(), 5u);  // until a row is added
  resumed.add(row(2));
  ASSERT_EQ(MetricsTable(folder / "metrics.csv", 9).rows().size(), 3u);
  MetricsTable fresh(folder / "metrics.csv", 0);
  fresh.add(row(0));
  EXPECT_EQ(MetricsTable(folder / "metrics.csv", 9).rows().size(), 1u);
  fresh.add(row(3));
  fresh.add(row(1));  // an epoch again
  ASSERT_EQ(fresh.rows().size(), 2u);
  EXPECT_EQ(fresh.rows()[1].epoch, 1);
}

TEST(MetricsTable, NaNAndInfinity) {
  test::TemporaryFolder folder;
  MetricsTable table(folder / "metrics.csv", 0);
  EpochMetrics diverged = row(0);
  diverged.train_loss = -std::nan("");
  diverged.valid_loss = std::numeric_limits<double>::infinity();
  table.add(diverged);
  EXPECT_EQ(read_file(folder / "metrics.csv"),
            kHeader + "0,3.5e-05,nan,50.5,inf,82.36111450195312,12,240.125\n");
  const MetricsTable again(folder / "metrics.csv", 1);
  ASSERT_EQ(again.rows().size(), 1u);
  EXPECT_TRUE(std::isnan(again.rows()[0].train_loss));
  EXPECT_TRUE(std::isinf(again.rows()[0].valid_loss));
}

TEST(MetricsTable, ForeignFilesAreLeftAlone) {
  test::TemporaryFolder folder;
  const auto path = folder / "metrics.csv";
  auto message = [&](const std::string& content) {
    test::write_file(path, content);
    const auto result = message_of<Error>([&] { MetricsTable table(path, 100); });
    EXPECT_EQ(read_file(path), content);
    return result;
  };
  EXPECT_TRUE(contains(message(""), "metrics.csv: line 1"));
  EXPECT_TRUE(contains(message("name,age\n"), "line 1"));
  EXPECT_TRUE(contains(message(kHeader + "0,1,2,3,4,5,6\n"), "line 2"));
  EXPECT_TRUE(contains(message(kHeader + "0,1,2,3,4,5,6,7,8\n"), "line 2"));
  EXPECT_TRUE(contains(message(kHeader + "0,1,2,3,4,5,6,7\n1,1,2,,4,5,6,7\n"), "line 3"));
  EXPECT_TRUE(contains(message(kHeader + "1,1,2,3,4,5,6,7\n1,1,2,3,4,5,6,7\n"), "line 3"));
  EXPECT_EQ(message(kHeader), "nothing thrown");
}

TEST(WriteJson, NaNBecomesNull) {
  test::TemporaryFolder folder;
  nlohmann::ordered_json value;
  value["seed"] = 7;
  value["best"] = std::nan("");
  value["damaged"] = "\xff";
  write_json(folder / "run.json", value);
  EXPECT_EQ(read_file(folder / "run.json"),
            "{\n  \"seed\": 7,\n  \"best\": null,\n  \"damaged\": \"\xEF\xBF\xBD\"\n}\n");
}

}  // namespace
}  // namespace poster::io

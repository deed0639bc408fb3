// poster_train --tensorboard: what a run, a stop and a resume leave, read by the formats and by TensorBoard.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "tests/support/program.h"
#include "tests/support/python_peer.h"
#include "tests/support/tensorboard_reader.h"

namespace {

namespace fs = std::filesystem;
using poster::test::Outcome;
using poster::test::read_events;
using poster::test::read_file;
using poster::test::Scalars;

class TrainTensorBoardTest : public poster::test::ProgramTest {
 protected:
  TrainTensorBoardTest() : ProgramTest("poster_train") {
    make_once("faces", "poster_samples", "--out faces --per-class 4 --size 64 --seed 1");
  }
  static std::string flags(const std::string& out, const std::string& more) {
    return "--data faces --model poster-v2-tiny --batch-size 5 --lr 1e-3 --print-freq 1 --out " + out + " " +
           more;
  }
  // That have anything in them.
  std::vector<fs::path> event_files(const std::string& out) const {
    std::vector<fs::path> files;
    for (const auto& entry : fs::directory_iterator(folder_ / out))
      if (entry.path().filename().string().find("tfevents") != std::string::npos && entry.file_size() > 0)
        files.push_back(entry.path());
    return files;
  }
  Scalars scalars(const std::string& out) const {
    const auto files = event_files(out);
    EXPECT_EQ(files.size(), 1u);
    return files.size() == 1 ? poster::test::scalars_of(read_events(read_file(files[0]))) : Scalars();
  }
  // Of metrics.csv, as floats: epoch, then the column.
  std::map<std::int64_t, float> column(const std::string& out, int number) const {
    std::map<std::int64_t, float> values;
    std::istringstream rows(read_file(folder_ / out / "metrics.csv"));
    std::string line;
    std::getline(rows, line);
    while (std::getline(rows, line)) {
      std::istringstream cells(line);
      std::string epoch, cell;
      std::getline(cells, epoch, ',');
      for (int i = 0; i < number; ++i) std::getline(cells, cell, ',');
      values[std::stoi(epoch)] = static_cast<float>(std::stod(cell));
    }
    return values;
  }
};

TEST_F(TrainTensorBoardTest, AStoppedAndResumedRunShowsOneCurve) {
  ASSERT_EQ(run(flags("plain", "--epochs 1")).exit_code, 0);
  EXPECT_TRUE(event_files("plain").empty());

  ASSERT_EQ(run(flags("whole", "--epochs 3 --tensorboard")).exit_code, 0);
  const Scalars whole = scalars("whole");
  EXPECT_EQ(whole.size(), 6u);
  const char* const tags[] = {"learning_rate", "loss/train", "accuracy/train", "loss/valid",
                              "accuracy/valid"};
  for (int i = 0; i < 5; ++i) EXPECT_EQ(whole.at(tags[i]), column("whole", i + 1)) << tags[i];
  EXPECT_EQ(whole.at("images_per_second").size(), 3u);

  // Killed in the middle of the second epoch or soon after it: what follows the checkpoint is done again.
  const std::string watch =
      "sh -c '\"$0\" \"$@\" & pid=$!; until grep -q \"^Epoch: .1..0\" killed/log.txt 2>/dev/null; do sleep "
      "0.01; "
      "done; kill -KILL $pid; wait $pid; true'";
  ASSERT_EQ(run(flags("killed", "--epochs 3 --tensorboard"), watch).exit_code, 0);
  // A torn record, as a power cut leaves it.
  ASSERT_EQ(event_files("killed").size(), 1u);
  std::ofstream(event_files("killed")[0], std::ios::app) << std::string(7, '\1');
  const Outcome resumed = run("--resume auto --out killed");  // the flag is remembered by the folder
  ASSERT_EQ(resumed.exit_code, 0) << resumed.errors;
  Scalars killed = scalars("killed"), same = whole;
  EXPECT_EQ(killed.at("images_per_second").size(), 3u);
  killed.erase("images_per_second");  // times differ
  same.erase("images_per_second");
  EXPECT_EQ(killed, same);

  // First asked for when a run goes on: the epochs before are there too.
  ASSERT_EQ(run("--resume auto --out plain --epochs 2 --tensorboard").exit_code, 0);
  EXPECT_EQ(scalars("plain").at("loss/valid"), column("plain", 4));
  EXPECT_EQ(column("plain", 4).size(), 2u);
}

TEST_F(TrainTensorBoardTest, TensorBoardReadsIt) {
  poster::test::PythonPeer python({"tensorboard"});
  if (!python.ready()) GTEST_SKIP() << python.why();
  ASSERT_EQ(run(flags("run", "--epochs 2 --tensorboard")).exit_code, 0);
  // One reader sees the run before and after it went on, as a TensorBoard that stays open does.
  const std::string script = R"(
import csv, subprocess, sys
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.plugins.custom_scalar import layout_pb2, metadata
columns = {'learning_rate': 'lr', 'loss/train': 'train_loss', 'loss/valid': 'valid_loss', 'accuracy/train': 'train_accuracy',
           'accuracy/valid': 'valid_accuracy', 'images_per_second': 'images_per_second'}
def check(reader, epochs):
    reader.Reload()
    rows = list(csv.DictReader(open('run/metrics.csv')))
    assert len(rows) == epochs, rows
    tags = reader.Tags()
    assert set(tags['scalars']) == set(columns) and tags['images'] == ['confusion/best'], tags
    for tag, column in columns.items():
        events = reader.Scalars(tag)
        assert [e.step for e in events] == list(range(epochs)), (tag, events)
        for event, row in zip(events, rows):
            assert abs(event.value - float(row[column])) <= 1e-6 * abs(float(row[column])), (tag, event, row)
    best = max(range(epochs), key=lambda i: float(rows[i]['valid_accuracy']))
    assert reader.Images('confusion/best')[-1].step == best
    text = reader.Tensors('settings')[-1]
    assert b'"model": "poster-v2-tiny"' in text.tensor_proto.string_val[0], text
    assert reader.SummaryMetadata('settings').plugin_data.plugin_name == 'text'
    layout = layout_pb2.Layout.FromString(reader.Tensors(metadata.CONFIG_SUMMARY_TAG)[0].tensor_proto.string_val[0])
    assert [list(c.multiline.tag) for c in layout.category[0].chart] == [['accuracy/train', 'accuracy/valid'], ['loss/train', 'loss/valid']]
reader = EventAccumulator('run')
check(reader, 2)
subprocess.run([sys.argv[1], '--resume', 'auto', '--out', 'run', '--epochs', '3'], check=True, stdout=subprocess.DEVNULL)
check(reader, 3)
check(EventAccumulator('run'), 3)
)";
  const auto [worked, log] = python.run(script, folder_.path(), POSTER_BIN_DIR "/poster_train");
  EXPECT_TRUE(worked) << log;
}

}  // namespace

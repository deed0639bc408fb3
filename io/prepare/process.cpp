#include "io/prepare/process.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <opencv2/core.hpp>
#include <thread>

#include "engine/out_of_memory.h"
#include "engine/worker_threads.h"
#include "io/format/checksum.h"
#include "io/prepare/output_paths.h"

namespace poster::prepare {
namespace {

// Calls work(i) for 0 <= i < count on several threads, in ascending order of their starts. Of several errors
// the one of the smallest i is thrown: those before it were all begun.
template <typename MakeWorker>
void in_parallel(std::size_t count, int threads, MakeWorker&& make_worker) {
  std::atomic<std::size_t> next = 0;
  std::mutex mutex;
  std::size_t failed_at = count;
  std::exception_ptr failure;
  const auto run = [&] {
    auto work = make_worker();
    for (std::size_t i; (i = next++) < count;) {
      try {
        work(i);
      } catch (...) {
        const std::lock_guard lock(mutex);
        if (i < failed_at) {
          failed_at = i;
          failure = std::current_exception();
        }
        next = count;
      }
    }
  };
  run_on_threads(static_cast<std::size_t>(threads), run, [&] { next = count; });
  if (failure) std::rethrow_exception(failure);
}

Record record_of(std::uint64_t id, const ProcessedImage& image) {
  return {.id = id,
          .reason = image.reason,
          .detail = image.detail,
          .orientation = image.orientation,
          .box = image.box,
          .face = image.face,
          .content = image.content,
          .print = image.print,
          .extension = image.extension,
          .output_bytes = image.bytes.size(),
          .output_hash = io::xxh64(image.bytes.data(), image.bytes.size())};
}

}  // namespace

Processing process_images(const FileTree& tree, const Plan& plan, const ImageOptions& options,
                          const io::ViewMaker& views, const Workspace& workspace, int threads,
                          const std::function<void(std::size_t, std::size_t)>& progress) {
  const std::size_t count = plan.items.size();
  if (threads <= 0) threads = std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
  threads = static_cast<int>(std::min<std::size_t>(static_cast<std::size_t>(threads), count));
  // Images are what runs in parallel here, not their rows.
  const int opencv_threads = cv::getNumThreads();
  cv::setNumThreads(1);

  const auto earlier = read_journal(workspace.journal_path());
  JournalWriter journal(workspace.journal_path());
  std::vector<Record> records(count);
  std::mutex mutex;
  std::size_t done = 0;
  Processing result;
  if (progress) progress(0, count);
  const auto make_worker = [&] {
    return [&, step = std::make_shared<ImageStep>(tree, options, views)](std::size_t i) {
      const PlannedItem& planned = plan.items[i];
      const auto before = earlier.find(planned.id);
      const bool keep = before != earlier.end() && before->second.reason != "unreadable" &&
                        (!before->second.reason.empty() || workspace.holds(before->second));
      if (keep) {
        records[i] = before->second;
      } else {
        doing("preparing", planned.item.file.source, [&] {
          const ProcessedImage image =
              step->run(planned.item, plan.classes[planned.class_index] + "/" + planned.stem);
          records[i] = record_of(planned.id, image);
          if (image.reason.empty()) workspace.stage(records[i], image.bytes);
        });
      }
      const std::lock_guard lock(mutex);
      if (!keep) journal.add(records[i]);
      ++(keep ? result.kept : result.processed);
      if (progress) progress(++done, count);
    };
  };
  try {
    in_parallel(count, threads, make_worker);
  } catch (...) {
    cv::setNumThreads(opencv_threads);
    throw;
  }
  cv::setNumThreads(opencv_threads);
  // In the plan's order, without what no longer counts: equal runs leave equal journals.
  std::string lines;
  for (const Record& record : records) lines += record_line(record);
  write_if_different(workspace.folder(), ".prepare/journal.jsonl", lines);
  for (Record& record : records) {
    const std::uint64_t id = record.id;
    result.records.emplace(id, std::move(record));
  }
  return result;
}

}  // namespace poster::prepare

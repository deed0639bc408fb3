#include "apps/study/study_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>

#include "engine/error.h"
#include "io/atomic_file.h"
#include "io/run_log.h"

namespace poster::study {

StudyLock::StudyLock(const std::filesystem::path& folder) {
  const std::filesystem::path file = io::RunFolder::at(folder).path() / ".lock";
  file_ = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  if (file_ < 0) io::throw_write_error(file, errno);
  if (::flock(file_, LOCK_EX | LOCK_NB) == 0) return;
  ::close(file_);
  throw Error(folder.string() +
              ": another poster_study is at work in it; wait for it, or name another folder with --out");
}

StudyLock::~StudyLock() { ::close(file_); }

}  // namespace poster::study

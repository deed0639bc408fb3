// One study at a time in a folder.
#pragma once

#include <filesystem>

namespace poster::study {

class StudyLock {
 public:
  // Creates the folder, and holds FOLDER/.lock until the end of this, or of the process, however that comes.
  // Throws Error when another process has it.
  explicit StudyLock(const std::filesystem::path& folder);
  ~StudyLock();
  StudyLock(const StudyLock&) = delete;
  StudyLock& operator=(const StudyLock&) = delete;

 private:
  int file_;
};

}  // namespace poster::study

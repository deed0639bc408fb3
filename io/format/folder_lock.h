// One program at a time in a folder.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace poster::io {

class FolderLock {
 public:
  // Holds a lock on `file` (FOLDER/.lock by default), which is created and stays, until the end of this
  // object or of the process, however that comes. The folder must be there. Throws poster::Error at once,
  // which names the folder and the program at work in it, when another holds the lock; `mend` ends the
  // message. File systems that know no locks (ENOSYS, ENOLCK, …) get none: held() is false then.
  FolderLock(const std::filesystem::path& folder, std::string_view program,
             const std::filesystem::path& file = {},
             std::string_view mend = "wait for it, or name another folder with --out");
  ~FolderLock();
  FolderLock(FolderLock&& other) noexcept;
  FolderLock& operator=(FolderLock&&) = delete;

  bool held() const { return held_; }
  // Throws poster::Error when the folder was removed or replaced meanwhile: what is written there by name now
  // would mix with another's.
  void check() const;

 private:
  std::filesystem::path folder_, path_;
  int file_ = -1;
  bool held_ = false;
};

// Whether a program holds the lock on a folder now. Leaves no trace.
bool is_locked(const std::filesystem::path& folder);

}  // namespace poster::io

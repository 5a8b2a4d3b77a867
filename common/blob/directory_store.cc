// Files of an upload: <directory>/<last two characters of the id>/<id>.part while bytes come, then
// <id>.blob. The last characters are random, so folders fill evenly.
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "common/base/strings.h"
#include "common/blob/store.h"
#include "common/status/error.h"
#include "common/status/macros.h"

namespace bangfu::blob {

namespace {

// A file descriptor that closes itself.
class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }
  bool ok() const { return fd_ >= 0; }

 private:
  const int fd_;
};

absl::Status Failed(std::string_view what) {
  return StoreUnavailable(Cat(what, ": ", std::strerror(errno)));
}

absl::Status SyncFolder(const std::string& folder) {
  const Descriptor fd(open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd.ok() || fsync(fd.get()) != 0) return Failed("cannot sync the folder");
  return absl::OkStatus();
}

absl::Status MakeFolder(const std::string& folder) {
  if (mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) return Failed("cannot make a folder");
  return absl::OkStatus();
}

class DirectoryStore final : public Store {
 public:
  explicit DirectoryStore(std::string directory) : directory_(std::move(directory)) {}

  absl::Status Put(const Ulid& id, int64_t offset, std::string_view data) override {
    const std::string folder = Folder(id);
    const std::string path = Path(id, ".part");
    Descriptor there(open(path.c_str(), O_WRONLY | O_NOFOLLOW | O_CLOEXEC));
    if (there.ok()) return Write(there, path, offset, data);
    if (errno != ENOENT) return Failed("cannot open an upload");
    RETURN_IF_ERROR(MakeFolder(folder));
    RETURN_IF_ERROR(SyncFolder(directory_));
    Descriptor made(open(path.c_str(), O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600));
    if (!made.ok()) return Failed("cannot make an upload");
    RETURN_IF_ERROR(Write(made, path, offset, data));
    return SyncFolder(folder);
  }

  absl::Status Seal(const Ulid& id, int64_t size) override {
    const std::string part = Path(id, ".part");
    const std::string whole = Path(id, ".blob");
    struct stat info {};
    if (lstat(whole.c_str(), &info) == 0) {
      return info.st_size == size ? absl::OkStatus() : Damaged("a sealed file has another size");
    }
    const Descriptor fd(open(part.c_str(), O_WRONLY | O_NOFOLLOW | O_CLOEXEC));
    if (!fd.ok()) {
      return errno == ENOENT ? Damaged("the upload's file is gone")
                             : Failed("cannot open an upload");
    }
    // Nobody is writing from here on: see Write.
    if (flock(fd.get(), LOCK_EX) != 0) return Failed("cannot lock an upload");
    if (fstat(fd.get(), &info) != 0) return Failed("cannot stat an upload");
    if (info.st_size < size) return Damaged("the upload's file is too short");
    // What a crash left behind the last byte that was acknowledged.
    if (info.st_size > size && ftruncate(fd.get(), size) != 0)
      return Failed("cannot cut an upload");
    if (fsync(fd.get()) != 0) return Failed("cannot sync an upload");
    if (rename(part.c_str(), whole.c_str()) != 0) return Failed("cannot seal an upload");
    return SyncFolder(Folder(id));
  }

  absl::StatusOr<std::string> Read(const Ulid& id, int64_t offset, int64_t length) override {
    const Descriptor fd(open(Path(id, ".blob").c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
    if (!fd.ok()) {
      return errno == ENOENT ? Damaged("the file is gone") : Failed("cannot open a file");
    }
    std::string out(static_cast<size_t>(length), '\0');
    size_t have = 0;
    while (have < out.size()) {
      const ssize_t n = pread(fd.get(), out.data() + have, out.size() - have,
                              static_cast<off_t>(offset) + static_cast<off_t>(have));
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return Failed("cannot read a file");
      if (n == 0) break;
      have += static_cast<size_t>(n);
    }
    out.resize(have);
    return out;
  }

  absl::Status Remove(const Ulid& id) override {
    for (const char* suffix : {".part", ".blob"}) {
      if (unlink(Path(id, suffix).c_str()) != 0 && errno != ENOENT) {
        return Failed("cannot remove a file");
      }
    }
    return absl::OkStatus();
  }

 private:
  // Writers share the file's lock and look whether it is still an upload: one that was slow must
  // not change what was sealed, and verified, in the meantime.
  static absl::Status Write(const Descriptor& fd, const std::string& path, int64_t offset,
                            std::string_view data) {
    struct stat mine {
    }, named{};
    if (flock(fd.get(), LOCK_SH) != 0 || fstat(fd.get(), &mine) != 0) {
      return Failed("cannot lock an upload");
    }
    if (lstat(path.c_str(), &named) != 0 || mine.st_ino != named.st_ino) {
      return StoreUnavailable("the upload was closed meanwhile");
    }
    size_t done = 0;
    while (done < data.size()) {
      const ssize_t n = pwrite(fd.get(), data.data() + done, data.size() - done,
                               static_cast<off_t>(offset) + static_cast<off_t>(done));
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return Failed("cannot write an upload");
      done += static_cast<size_t>(n);
    }
    if (fdatasync(fd.get()) != 0) return Failed("cannot sync an upload");
    return absl::OkStatus();
  }

  std::string Folder(const Ulid& id) const {
    const std::string name = id.ToString();
    return Cat(directory_, "/", std::string_view(name).substr(name.size() - 2));
  }
  std::string Path(const Ulid& id, std::string_view suffix) const {
    return Cat(Folder(id), "/", id.ToString(), suffix);
  }

  const std::string directory_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Store>> OpenDirectory(const std::string& directory) {
  // Each missing folder on the way, as mkdir -p.
  for (size_t at = directory.find('/', 1); at != std::string::npos;
       at = directory.find('/', at + 1)) {
    RETURN_IF_ERROR(MakeFolder(directory.substr(0, at)));
  }
  RETURN_IF_ERROR(MakeFolder(directory));
  if (access(directory.c_str(), R_OK | W_OK | X_OK) != 0) {
    return Failed(Cat("cannot use ", directory));
  }
  std::unique_ptr<Store> store = std::make_unique<DirectoryStore>(directory);
  return store;
}

}  // namespace bangfu::blob

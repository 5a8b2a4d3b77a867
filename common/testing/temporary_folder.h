// A folder of a test's own, which goes with all that is in it.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>
#include <system_error>

namespace bangfu::testing {

class TemporaryFolder {
 public:
  // Below the system's folder for such things (TMPDIR, or /tmp); `purpose` is part of its name.
  // Ends the process when it cannot be made: a test without it proves nothing.
  explicit TemporaryFolder(std::string_view purpose) {
    std::string name = "bangfu-";
    name += purpose;
    name += "-XXXXXX";
    path_ = (std::filesystem::temp_directory_path() / name).string();
    if (mkdtemp(path_.data()) == nullptr) {
      std::perror(path_.c_str());
      std::abort();
    }
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace bangfu::testing

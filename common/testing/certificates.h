// Certificates as an operator makes them, by openssl, in a folder of the test's own.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <string>
#include <string_view>

#include "common/base/strings.h"
#include "common/testing/temporary_folder.h"

namespace bangfu::testing {

class Certificates {
 public:
  // NAME.pem and NAME.key of a CA.
  void MakeCa(const std::string& name) {
    Run(
        Cat("openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj "
            "/CN=",
            name, " -keyout ", name, ".key -out ", name, ".pem"));
  }
  // The same, signed by a CA.
  void Sign(const std::string& name, const std::string& common_name, const std::string& ca,
            const std::string& extension) {
    Run(Cat("openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=",
            common_name, " -keyout ", name, ".key -out ", name, ".csr"));
    Run(Cat("printf '", extension, "\\n' > ", name, ".ext && openssl x509 -req -in ", name,
            ".csr -CA ", ca, ".pem -CAkey ", ca, ".key -CAcreateserial -days 2 -extfile ", name,
            ".ext -out ", name, ".pem"));
  }
  std::string File(std::string_view name) const { return Cat(folder_.path(), "/", name); }

 private:
  void Run(const std::string& command) {
    ASSERT_EQ(system(Cat("cd ", folder_.path(), " && ", command, " 2>>log").c_str()), 0) << command;
  }

  TemporaryFolder folder_{"tls"};
};

// A server's: for who calls it on this machine.
inline constexpr char kLocalServer[] = "subjectAltName=DNS:localhost,IP:127.0.0.1";

}  // namespace bangfu::testing

// bench_driver PART --option value …: see tests/bench/run.
#include <cstdio>
#include <cstring>

#include "common/mysql/session.h"
#include "tests/bench/bench.h"

int main(int argc, char** argv) {
  using namespace bangfu::bench;  // NOLINT
  const std::map<std::string, Json (*)(const Flags&)> parts = {{"calls", Calls},
                                                               {"pages", Pages},
                                                               {"replay", Replay},
                                                               {"time-query", TimeQuery},
                                                               {"copy", CopyRows},
                                                               {"follow", Follow},
                                                               {"upload", Upload},
                                                               {"batch", Batch},
                                                               {"verify", VerifyVillages},
                                                               {"echo", Echo},
                                                               {"grants", Grants},
                                                               {"items", Items},
                                                               {"web", Web}};
  const auto part = argc > 1 ? parts.find(argv[1]) : parts.end();
  if (part == parts.end()) Die("the first word says what to do: calls, replay, copy …");
  bangfu::mysql::InitDriver();
  std::printf("%s\n", part->second(Flags(argc - 2, argv + 2)).dump().c_str());
  return 0;
}

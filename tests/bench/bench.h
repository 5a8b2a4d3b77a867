// What the parts of the bench driver share. The driver is a process of its own: it asks a service
// over gRPC, or the database by the bare connector, and prints one line of JSON.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/rpc/client.h"
#include "nlohmann/json.hpp"

namespace bangfu::bench {

using Json = nlohmann::ordered_json;

// --name value pairs; a missing one without default ends the program.
class Flags {
 public:
  Flags(int argc, char** argv);
  std::string Text(const std::string& name) const;
  std::string Text(const std::string& name, const std::string& otherwise) const;
  int64_t Number(const std::string& name, int64_t otherwise) const;
  double Real(const std::string& name, double otherwise) const;

 private:
  std::map<std::string, std::string> values_;
};

[[noreturn]] void Die(const std::string& what);

double Now();  // seconds, monotonic

// CPU seconds used so far by processes, named in `spec` as "server=12,db=13".
class CpuClock {
 public:
  explicit CpuClock(const std::string& spec);
  // Seconds since the last Restart, by name.
  std::map<std::string, double> Used() const;
  void Restart();

 private:
  std::map<std::string, int> pids_;
  std::map<std::string, double> start_;
};

// Runs `work(worker, n)` from `workers` threads, n counting up over all of them, until `seconds`
// are over or `limit` calls were begun (0: none). `work` returns false to end its thread. Prepares
// each thread with `begin(worker)` before the clock starts.
struct Outcome {
  int64_t calls = 0;
  double seconds = 0;
  std::vector<double> latencies;  // seconds, sorted
  std::map<std::string, double> cpu;
};
Outcome RunLoad(int workers, double seconds, int64_t limit, CpuClock& cpu,
                const std::function<bool(int worker, int64_t n)>& work);

// calls, seconds, rate, p50_ms, p99_ms, cpu seconds per 1,000 calls.
Json Report(const Outcome& outcome);

std::vector<std::string> ReadLines(const std::string& path);
std::string ReadWhole(const std::string& path);
void WriteWhole(const std::string& path, std::string_view text);

std::unique_ptr<rpc::Client> Connect(const Flags& flags);

// The parts: each reads its flags and gives what is printed.
Json Calls(const Flags& flags);
Json Pages(const Flags& flags);
Json Replay(const Flags& flags);
Json TimeQuery(const Flags& flags);
Json CopyRows(const Flags& flags);
Json Follow(const Flags& flags);
Json Upload(const Flags& flags);
Json Batch(const Flags& flags);
Json VerifyVillages(const Flags& flags);
Json Echo(const Flags& flags);
Json Grants(const Flags& flags);
Json Items(const Flags& flags);
Json Web(const Flags& flags);

}  // namespace bangfu::bench

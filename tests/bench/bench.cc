#include "tests/bench/bench.h"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <sstream>
#include <thread>

namespace bangfu::bench {

Flags::Flags(int argc, char** argv) {
  for (int i = 0; i + 1 < argc; i += 2) {
    std::string name = argv[i];
    if (name.rfind("--", 0) != 0) Die("not an option: " + name);
    values_[name.substr(2)] = argv[i + 1];
  }
}
std::string Flags::Text(const std::string& name) const {
  auto found = values_.find(name);
  if (found == values_.end()) Die("--" + name + " is needed");
  return found->second;
}
std::string Flags::Text(const std::string& name, const std::string& otherwise) const {
  auto found = values_.find(name);
  return found == values_.end() ? otherwise : found->second;
}
int64_t Flags::Number(const std::string& name, int64_t otherwise) const {
  auto found = values_.find(name);
  return found == values_.end() ? otherwise : std::atoll(found->second.c_str());
}
double Flags::Real(const std::string& name, double otherwise) const {
  auto found = values_.find(name);
  return found == values_.end() ? otherwise : std::atof(found->second.c_str());
}

void Die(const std::string& what) {
  std::fprintf(stderr, "bench_driver: %s\n", what.c_str());
  std::exit(1);
}

double Now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

namespace {

// utime and stime of /proc/PID/stat; the command before them may hold spaces.
double CpuOf(int pid) {
  const std::string text = ReadWhole("/proc/" + std::to_string(pid) + "/stat");
  std::istringstream rest(text.substr(std::min(text.size(), text.rfind(')') + 2)));
  std::string field;
  double ticks = 0;
  for (int i = 3; i <= 15 && (rest >> field); ++i) {
    if (i >= 14) ticks += std::atof(field.c_str());
  }
  return ticks / static_cast<double>(sysconf(_SC_CLK_TCK));
}

}  // namespace

CpuClock::CpuClock(const std::string& spec) {
  std::istringstream in(spec);
  std::string one;
  while (std::getline(in, one, ',')) {
    const size_t at = one.find('=');
    if (at != std::string::npos) pids_[one.substr(0, at)] = std::atoi(one.c_str() + at + 1);
  }
  pids_["driver"] = getpid();
  Restart();
}
void CpuClock::Restart() {
  for (const auto& [name, pid] : pids_) start_[name] = CpuOf(pid);
}
std::map<std::string, double> CpuClock::Used() const {
  std::map<std::string, double> used;
  for (const auto& [name, pid] : pids_) used[name] = CpuOf(pid) - start_.at(name);
  return used;
}

Outcome RunLoad(int workers, double seconds, int64_t limit, CpuClock& cpu,
                const std::function<bool(int, int64_t)>& work) {
  std::atomic<int64_t> next{0};
  std::atomic<bool> go{false};
  std::atomic<int> standing{0};
  double end = 0;
  std::vector<std::vector<double>> latencies(static_cast<size_t>(workers));
  std::vector<std::thread> threads;
  for (int w = 0; w < workers; ++w) {
    threads.emplace_back([&, w] {
      standing.fetch_add(1);
      go.wait(false);
      std::vector<double>& mine = latencies[static_cast<size_t>(w)];
      double before = Now();
      while (before < end) {
        const int64_t n = next.fetch_add(1);
        if (limit > 0 && n >= limit) return;
        if (!work(w, n)) return;
        const double after = Now();
        mine.push_back(after - before);
        before = after;
      }
    });
  }
  while (standing.load() < workers) std::this_thread::yield();
  cpu.Restart();
  const double start = Now();
  end = start + seconds;
  go = true;
  go.notify_all();
  for (std::thread& thread : threads) thread.join();
  Outcome outcome;
  outcome.seconds = Now() - start;
  outcome.cpu = cpu.Used();
  for (auto& mine : latencies) {
    outcome.latencies.insert(outcome.latencies.end(), mine.begin(), mine.end());
  }
  std::sort(outcome.latencies.begin(), outcome.latencies.end());
  outcome.calls = static_cast<int64_t>(outcome.latencies.size());
  return outcome;
}

Json Report(const Outcome& outcome) {
  const auto at = [&](double share) {
    if (outcome.latencies.empty()) return 0.0;
    const auto index =
        static_cast<size_t>(share * static_cast<double>(outcome.latencies.size() - 1));
    return outcome.latencies[index] * 1e3;
  };
  Json json;
  json["calls"] = outcome.calls;
  json["seconds"] = outcome.seconds;
  json["rate"] = outcome.seconds > 0 ? static_cast<double>(outcome.calls) / outcome.seconds : 0.0;
  json["p50_ms"] = at(0.5);
  json["p99_ms"] = at(0.99);
  const double thousands = static_cast<double>(std::max<int64_t>(outcome.calls, 1)) / 1000.0;
  for (const auto& [name, used] : outcome.cpu) json["cpu"][name] = used / thousands;
  return json;
}

std::string ReadWhole(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}
std::vector<std::string> ReadLines(const std::string& path) {
  std::ifstream in(path);
  std::vector<std::string> lines;
  std::string line;
  while (std::getline(in, line)) lines.push_back(line);
  return lines;
}
void WriteWhole(const std::string& path, std::string_view text) {
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  out.write(text.data(), static_cast<std::streamsize>(text.size()));
}

std::unique_ptr<rpc::Client> Connect(const Flags& flags) {
  rpc::ClientOptions options;
  options.target = flags.Text("target");
  options.connections = static_cast<int>(flags.Number("connections", 1));
  options.default_timeout = absl::Seconds(60);
  options.ca = flags.Text("ca", "");
  options.headers = {{"x-bangfu-service", flags.Text("service", "")}};
  const std::string token = flags.Text("token", "");
  if (!token.empty()) {
    options.token = [token]() -> absl::StatusOr<std::string> { return token; };
  }
  auto client = rpc::Client::Create(std::move(options));
  if (!client.ok()) Die(client.status().ToString());
  return *std::move(client);
}

}  // namespace bangfu::bench

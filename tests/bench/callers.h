// Callers that each wait for their answer, all on one thread: a load is to cost little beside what
// it loads.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "grpcpp/support/byte_buffer.h"
#include "tests/bench/bench.h"

namespace bangfu::bench {

struct UnaryLoad {
  std::string path;  // "/bangfu.registry.v1.ProjectService/GetProject"
  // The request of the n-th call. On the thread that asks for the load.
  std::function<grpc::ByteBuffer(int64_t n)> request;
  // What came back to it; an error's text, empty when there was none.
  std::function<void(grpc::ByteBuffer& response, const std::string& error)> answer;
};

// As RunLoad, over one connection to --target, with --token, --service and --ca.
Outcome RunCallers(const Flags& flags, int callers, double seconds, int64_t limit, CpuClock& cpu,
                   const UnaryLoad& load);

grpc::ByteBuffer ToBytes(const google::protobuf::Message& message);
// Whether the bytes are such a message.
bool FromBytes(grpc::ByteBuffer& bytes, google::protobuf::Message* message);

}  // namespace bangfu::bench

// Messages to and from gRPC's byte buffers, without knowing their type.
#pragma once

#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/proto_buffer_reader.h>
#include <grpcpp/support/proto_buffer_writer.h>

#include "google/protobuf/message.h"

namespace bangfu::rpc {

inline bool ToBytes(const google::protobuf::Message& message, grpc::ByteBuffer* out) {
  const size_t size = message.ByteSizeLong();
  constexpr size_t kMaxMessage = 64 << 20;
  if (size > kMaxMessage) return false;
  if (size <= GRPC_SLICE_INLINED_SIZE) {
    char buffer[GRPC_SLICE_INLINED_SIZE];
    message.SerializeWithCachedSizesToArray(reinterpret_cast<uint8_t*>(buffer));
    grpc::Slice slice(buffer, size);
    *out = grpc::ByteBuffer(&slice, 1);
    return true;
  }
  grpc::Slice slice(size);
  message.SerializeWithCachedSizesToArray(const_cast<uint8_t*>(slice.begin()));
  *out = grpc::ByteBuffer(&slice, 1);
  return true;
}

inline bool FromBytes(grpc::ByteBuffer* bytes, google::protobuf::Message* message) {
  grpc::ProtoBufferReader reader(bytes);
  return reader.status().ok() && message->ParseFromZeroCopyStream(&reader);
}

}  // namespace bangfu::rpc

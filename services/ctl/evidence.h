// The way of an evidence file into a service, and out of it.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "bangfu/blob/v1/blob_service.pb.h"
#include "bangfu/type/v1/common.pb.h"
#include "services/ctl/context.h"

namespace bangfu::ctl {

// Up to `length` bytes at `offset`.
using ReadBytes = std::function<absl::StatusOr<std::string>(int64_t offset, int64_t length)>;

// Announces the file (size and digest of it included), puts what is missing and completes it. The
// same announcement within a day goes on with the upload that it began.
absl::StatusOr<blob::v1::Blob> UploadEvidence(Context& context, const std::string& service,
                                              blob::v1::BeginUploadRequest announcement,
                                              const ReadBytes& read, bool quiet);

// As a step names it.
type::v1::Evidence EvidenceOf(const blob::v1::Blob& blob);

// A page that says what it is, uploaded: for demonstrations. Each call makes another file.
absl::StatusOr<type::v1::Evidence> SampleEvidence(Context& context, const std::string& service,
                                                  std::string_view kind, std::string_view title,
                                                  std::string_view region_code);

}  // namespace bangfu::ctl

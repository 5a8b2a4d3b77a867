// Ledgers as text, for the walkthrough as well.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "bangfu/evaluation/v1/ledger_service.pb.h"
#include "services/ctl/context.h"

namespace bangfu::ctl {

std::string RenderT14(const evaluation::v1::T14& table);
// The sum row alone, and whether every figure that adds up is the sum of the rows.
std::string RenderT14Sum(const evaluation::v1::T14& table);
absl::Status CheckT14Sum(const evaluation::v1::T14& table);
std::string RenderProgress(const evaluation::v1::Progress& progress);
// Writes a stream of chunks into a file; gives the meta of the last one.
absl::StatusOr<type::v1::TableMeta> SaveExport(Context& context, std::string_view method,
                                               const google::protobuf::Message& request,
                                               const std::string& file);
absl::StatusOr<type::v1::TableMeta> SaveExport(Context& context, std::string_view service,
                                               std::string_view method,
                                               const google::protobuf::Message& request,
                                               const std::string& file);

// What was saved where: rows, digest and whether it is a draft.
void PrintSaved(const Context& context, const std::string& file, const type::v1::TableMeta& meta);

}  // namespace bangfu::ctl

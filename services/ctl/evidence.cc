#include "services/ctl/evidence.h"

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <memory>

#include "absl/strings/ascii.h"
#include "absl/time/time.h"
#include "common/base/digest.h"
#include "common/base/strings.h"
#include "common/status/error.h"
#include "common/status/macros.h"
#include "services/ctl/commands.h"
#include "services/ctl/services.h"
#include "services/ctl/terminal.h"
#include "services/ctl/upload.h"

namespace bangfu::ctl {
namespace {

using blob::v1::Blob;

constexpr char kService[] = "bangfu.blob.v1.BlobService.";
constexpr int64_t kChunk = 1 << 20;
constexpr int kTries = 6;

// A store or a connection that comes back while we wait does no harm to an upload.
template <typename F>
auto Patiently(F call) -> decltype(call()) {
  for (int wait = 250, left = kTries;; wait *= 2) {
    auto result = call();
    if (result.ok() || !absl::IsUnavailable(result.status()) || --left == 0) return result;
    PauseBriefly(wait);
  }
}

std::string MediaTypeOf(const std::string& file) {
  static const std::pair<std::string_view, std::string_view> types[] = {
      {".jpg", "image/jpeg"},
      {".jpeg", "image/jpeg"},
      {".png", "image/png"},
      {".pdf", "application/pdf"},
      {".docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"},
      {".xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"},
      {".ofd", "application/ofd"},
      {".csv", "text/csv"},
      {".txt", "text/plain"}};
  const std::string lower = absl::AsciiStrToLower(file);
  for (const auto& [suffix, type] : types) {
    if (HasSuffix(lower, suffix)) return std::string(type);
  }
  return "application/octet-stream";
}

std::string StateZh(blob::v1::BlobState state) {
  switch (state) {
    case blob::v1::BLOB_STATE_BEGUN:
      return "上传中";
    case blob::v1::BLOB_STATE_COMPLETE:
      return "已完成";
    case blob::v1::BLOB_STATE_REFUSED:
      return "已拒绝";
    case blob::v1::BLOB_STATE_SWEPT:
      return "已清除";
    default:
      return "未知";
  }
}

void Print(const Context& context, const Blob& blob) {
  if (context.PrintJson(blob)) return;
  std::printf(
      "编号    %s\n名称    %s\n类型    %s（%s）\n状态    %s%s\n大小    %lld 字节（已收 %lld）\n"
      "摘要    %s\n区域    %s\n上传人  %s\n",
      blob.id().c_str(), blob.title().c_str(), blob.kind().c_str(), blob.content_type().c_str(),
      StateZh(blob.state()).c_str(),
      blob.refusal_reason().empty() ? "" : Cat("：", blob.refusal_reason()).c_str(),
      static_cast<long long>(blob.size_bytes()), static_cast<long long>(blob.received_bytes()),
      blob.sha256().c_str(), blob.region_path().c_str(), blob.uploaded_by().name().c_str());
  if (blob.has_use()) {
    std::printf("用于    %s %s（%s）\n", blob.use().case_type().c_str(),
                blob.use().case_id().c_str(), blob.use().step().c_str());
  }
}

absl::StatusOr<Blob> PutFile(Context& context, const std::string& service, const std::string& file,
                             blob::v1::BeginUploadRequest announcement) {
  std::ifstream in(file, std::ios::binary);
  if (!in)
    return Error(absl::StatusCode::kNotFound, "FILE_NOT_FOUND").Zh(Cat("无法读取文件 ", file));
  Sha256Stream digest;
  std::string buffer(static_cast<size_t>(kChunk), '\0');
  int64_t size = 0;
  while (in.read(buffer.data(), static_cast<std::streamsize>(buffer.size())) || in.gcount() > 0) {
    digest.Update(std::string_view(buffer.data(), static_cast<size_t>(in.gcount())));
    size += in.gcount();
  }
  in.clear();
  announcement.set_size_bytes(size);
  announcement.set_sha256(HexEncode(digest.Finish()));
  if (announcement.content_type().empty()) announcement.set_content_type(MediaTypeOf(file));
  if (announcement.title().empty()) {
    announcement.set_title(
        file.substr(file.rfind('/') == std::string::npos ? 0 : file.rfind('/') + 1));
  }
  return UploadEvidence(
      context, service, std::move(announcement),
      [&](int64_t offset, int64_t length) -> absl::StatusOr<std::string> {
        std::string data(static_cast<size_t>(length), '\0');
        in.clear();
        in.seekg(offset);
        in.read(data.data(), static_cast<std::streamsize>(length));
        if (in.gcount() != length) return absl::DataLossError("the file became shorter");
        return data;
      },
      context.json);
}

absl::Status GetFile(Context& context, const std::string& service, const std::string& id,
                     const std::string& file) {
  blob::v1::GetBlobRequest get;
  get.set_id(id);
  ASSIGN_OR_RETURN(const Blob blob, context.CallOn<Blob>(service, Cat(kService, "GetBlob"), get));
  const std::string part = Cat(file, ".part");
  std::ofstream out(part, std::ios::binary | std::ios::trunc);
  blob::v1::ReadBlobRequest request;
  request.set_id(id);
  ProgressLine progress("下载");
  Sha256Stream digest;
  int64_t done = 0;
  RETURN_IF_ERROR(context.StreamOn<blob::v1::ReadBlobResponse>(
      service, Cat(kService, "ReadBlob"), request, [&](const blob::v1::ReadBlobResponse& block) {
        digest.Update(block.data());
        out.write(block.data().data(), static_cast<std::streamsize>(block.data().size()));
        done += static_cast<int64_t>(block.data().size());
        if (!context.json) progress.Update(done, blob.size_bytes(), "字节");
        return out ? absl::OkStatus() : absl::UnavailableError(Cat("cannot write ", part));
      }));
  out.close();
  if (!out || HexEncode(digest.Finish()) != blob.sha256()) {
    std::remove(part.c_str());
    return Error(absl::StatusCode::kDataLoss, "EVIDENCE_DAMAGED").Zh("收到的文件与摘要不一致");
  }
  if (std::rename(part.c_str(), file.c_str()) != 0) {
    return absl::UnavailableError(Cat("cannot write ", file));
  }
  Print(context, blob);
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Blob> UploadEvidence(Context& context, const std::string& service,
                                    blob::v1::BeginUploadRequest announcement,
                                    const ReadBytes& read, bool quiet) {
  if (announcement.request_id().empty()) {
    // Day and content: what an interrupted run began is found again.
    const std::string day = absl::FormatTime("%Y%m%d", absl::Now(), absl::UTCTimeZone());
    announcement.set_request_id(
        Cat("put-", Sha256Hex(Cat(day, announcement.SerializeAsString())).substr(0, 40)));
  }
  ASSIGN_OR_RETURN(Blob blob,
                   context.CallOn<Blob>(service, Cat(kService, "BeginUpload"), announcement));
  // A repeated request gives the answer of that time: what stands now is read.
  blob::v1::GetBlobRequest get;
  get.set_id(blob.id());
  ASSIGN_OR_RETURN(blob, context.CallOn<Blob>(service, Cat(kService, "GetBlob"), get));
  if (blob.state() == blob::v1::BLOB_STATE_REFUSED || blob.state() == blob::v1::BLOB_STATE_SWEPT ||
      blob.has_use()) {
    announcement.set_request_id(Context::NewRequestId());
    ASSIGN_OR_RETURN(blob,
                     context.CallOn<Blob>(service, Cat(kService, "BeginUpload"), announcement));
  }
  {
    ProgressLine progress("上传");
    while (blob.state() == blob::v1::BLOB_STATE_BEGUN &&
           blob.received_bytes() < blob.size_bytes()) {
      blob::v1::PutChunkRequest chunk;
      chunk.set_id(blob.id());
      chunk.set_offset(blob.received_bytes());
      ASSIGN_OR_RETURN(*chunk.mutable_data(),
                       read(chunk.offset(), std::min(kChunk, blob.size_bytes() - chunk.offset())));
      ASSIGN_OR_RETURN(blob, Patiently([&] {
                         return context.CallOn<Blob>(service, Cat(kService, "PutChunk"), chunk);
                       }));
      if (!quiet) progress.Update(blob.received_bytes(), blob.size_bytes(), "字节");
    }
  }
  if (blob.state() == blob::v1::BLOB_STATE_COMPLETE) return blob;
  blob::v1::CompleteUploadRequest complete;
  complete.set_request_id(Context::NewRequestId());
  complete.set_id(blob.id());
  return Patiently(
      [&] { return context.CallOn<Blob>(service, Cat(kService, "CompleteUpload"), complete); });
}

type::v1::Evidence EvidenceOf(const Blob& blob) {
  type::v1::Evidence evidence;
  evidence.set_kind(blob.kind());
  evidence.set_title(blob.title());
  evidence.set_sha256(blob.sha256());
  evidence.set_size_bytes(blob.size_bytes());
  evidence.set_blob_id(blob.id());
  return evidence;
}

absl::StatusOr<type::v1::Evidence> SampleEvidence(Context& context, const std::string& service,
                                                  std::string_view kind, std::string_view title,
                                                  std::string_view region_code) {
  const std::string bytes =
      Cat("%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[]/Count "
          "0>>endobj\n% ",
          title, " ", Context::NewRequestId(), "\ntrailer<</Root 1 0 R>>\n%%EOF\n");
  blob::v1::BeginUploadRequest announcement;
  announcement.set_kind(std::string(kind));
  announcement.set_title(std::string(title));
  announcement.set_content_type("application/pdf");
  announcement.set_size_bytes(static_cast<int64_t>(bytes.size()));
  announcement.set_sha256(Sha256Hex(bytes));
  announcement.set_region_code(std::string(region_code));
  ASSIGN_OR_RETURN(const Blob blob, UploadEvidence(
                                        context, service, std::move(announcement),
                                        [&](int64_t offset, int64_t length) {
                                          return bytes.substr(static_cast<size_t>(offset),
                                                              static_cast<size_t>(length));
                                        },
                                        /*quiet=*/true));
  return EvidenceOf(blob);
}

void AddEvidenceCommands(CLI::App& app, Context& context, int& exit_code) {
  struct Arguments {
    std::string service = "registry", file, kind, title, region, content_type, taken_at, id;
    double latitude = 0, longitude = 0;
  };
  auto arguments = std::make_shared<Arguments>();
  CLI::App* evidence = app.add_subcommand("evidence", "佐证材料文件：上传、查看、下载");
  evidence->require_subcommand(1);
  evidence->footer(
      "例：\n"
      "  bangfuctl evidence put 现场.jpg --kind PHOTO --region 360733101201\n"
      "  bangfuctl evidence put 论证意见.pdf --kind ARGUMENT --region 360733 --service evaluation\n"
      "  bangfuctl evidence show 01J…\n"
      "  bangfuctl evidence get 01J… --to 现场.jpg");
  const auto finish = [&context, &exit_code](const absl::Status& status) {
    exit_code = status.ok() ? kExitOk : context.Fail(status);
  };

  CLI::App* put =
      evidence->add_subcommand("put", "上传文件并打印其编号；中断后用同样的命令从断点继续");
  put->add_option("file", arguments->file, "文件")->required();
  put->add_option("--kind", arguments->kind, "材料类型代码：PHOTO、MINUTES …")->required();
  put->add_option("--region", arguments->region, "所属区域代码")->required();
  put->add_option("--service", arguments->service, "使用它的服务")
      ->check(CLI::IsMember(ServiceNames()));
  put->add_option("--title", arguments->title, "名称，默认为文件名");
  put->add_option("--type", arguments->content_type, "格式，默认按扩展名");
  put->add_option("--taken-at", arguments->taken_at, "拍摄时间，如 2026-03-02T09:30:00+08:00");
  put->add_option("--latitude", arguments->latitude, "纬度（WGS-84）")
      ->check(CLI::Range(-90.0, 90.0));
  put->add_option("--longitude", arguments->longitude, "经度（WGS-84）")
      ->check(CLI::Range(-180.0, 180.0));
  put->callback([&context, arguments, finish] {
    blob::v1::BeginUploadRequest announcement;
    announcement.set_kind(arguments->kind);
    announcement.set_title(arguments->title);
    announcement.set_region_code(arguments->region);
    announcement.set_content_type(arguments->content_type);
    announcement.set_latitude_e7(static_cast<int32_t>(arguments->latitude * 1e7));
    announcement.set_longitude_e7(static_cast<int32_t>(arguments->longitude * 1e7));
    if (!arguments->taken_at.empty()) {
      absl::Time taken;
      if (!absl::ParseTime(absl::RFC3339_full, arguments->taken_at, &taken, nullptr)) {
        return finish(InvalidField("taken_at", "时间格式如 2026-03-02T09:30:00+08:00").Build());
      }
      announcement.mutable_taken_at()->set_seconds(absl::ToUnixSeconds(taken));
    }
    auto blob = PutFile(context, arguments->service, arguments->file, std::move(announcement));
    if (blob.ok()) Print(context, *blob);
    finish(blob.status());
  });

  CLI::App* show = evidence->add_subcommand("show", "查看一份文件的信息");
  show->add_option("id", arguments->id, "编号")->required();
  show->add_option("--service", arguments->service, "所在的服务");
  show->callback([&context, arguments, finish] {
    blob::v1::GetBlobRequest get;
    get.set_id(arguments->id);
    auto blob = context.CallOn<Blob>(arguments->service, Cat(kService, "GetBlob"), get);
    if (blob.ok()) Print(context, *blob);
    finish(blob.status());
  });

  CLI::App* get = evidence->add_subcommand("get", "下载一份文件；核对摘要后才落盘");
  get->add_option("id", arguments->id, "编号")->required();
  get->add_option("--to", arguments->file, "保存为")->required();
  get->add_option("--service", arguments->service, "所在的服务");
  get->callback([&context, arguments, finish] {
    finish(GetFile(context, arguments->service, arguments->id, arguments->file));
  });
}

}  // namespace bangfu::ctl

import { create, fromJsonString, toJsonString, type DescMessage, type DescMethodUnary, type MessageInitShape, type MessageShape } from "@bufbuild/protobuf";
import { newRequestId, type Area, type Bangfu } from "./bangfu.js";
import { DraftService, type Draft } from "./gen/bangfu/draft/v1/draft_service_pb.js";

/** Drafts (暂存草稿) of one form: what the person has filled in of an rpc's request and not submitted yet. */
export class Drafts<I extends DescMessage> {
  private readonly service;
  private readonly form: string;

  constructor(bangfu: Bangfu, private readonly method: DescMethodUnary<I, DescMessage>, area: Area) {
    this.service = bangfu.client(DraftService, area);
    this.form = `${method.parent.typeName}.${method.name}`;
  }

  /** Keeps it, instead of `last` if there is one; the answer's `problems` are what a submission would lack. */
  save(filled: MessageInitShape<I>, about: { title: string; subjectId?: string; last?: Draft | undefined }): Promise<Draft> {
    return this.service.saveDraft({ requestId: newRequestId(), form: this.form, title: about.title, subjectId: about.subjectId ?? "",
      requestJson: toJsonString(this.method.input, create(this.method.input, filled)), id: about.last?.id ?? "", etag: about.last?.etag ?? "" });
  }

  /** The newest one about the record, with what is filled in. */
  async find(subjectId: string): Promise<{ draft: Draft; filled: MessageShape<I> } | undefined> {
    const id = (await this.service.listDrafts({ form: this.form, subjectId, pageSize: 1 })).drafts[0]?.id;
    if (!id) return undefined;
    const draft = await this.service.getDraft({ id });
    return { draft, filled: fromJsonString(this.method.input, draft.requestJson, { ignoreUnknownFields: true }) };
  }

  /** After the form was submitted, or when it is given up. */
  async remove(draft: Draft): Promise<void> { await this.service.deleteDraft({ requestId: newRequestId(), id: draft.id }); }
}

import type { DescService } from "@bufbuild/protobuf";
import { createClient, type Client, type Interceptor, type Transport } from "@connectrpc/connect";
import { createGrpcWebTransport } from "@connectrpc/connect-web";

/** The services behind the edge. */
export type Area = "registry" | "asset" | "evaluation";
const AREAS: readonly string[] = ["registry", "asset", "evaluation"] satisfies Area[];

export interface BangfuOptions {
  /** The edge, such as "https://bangfu.example". */
  baseUrl: string;
  /** The bearer token of the person who is signed in; asked for with every call, undefined when nobody is. */
  token?: () => string | undefined;
  /** How long a call may take, in milliseconds. */
  timeoutMs?: number;
  /** Only tests and servers give one: the browser's own is the default. */
  fetch?: typeof globalThis.fetch;
}

/** Typed clients of every service at one edge. */
export class Bangfu {
  private readonly transport: Transport;

  constructor(options: BangfuOptions) {
    const authorize: Interceptor = (next) => (request) => {
      const token = options.token?.();
      if (token) request.header.set("authorization", `Bearer ${token}`);
      return next(request);
    };
    this.transport = createGrpcWebTransport({
      baseUrl: options.baseUrl,
      interceptors: [authorize],
      defaultTimeoutMs: options.timeoutMs ?? 30_000,
      ...(options.fetch ? { fetch: options.fetch } : {}),
    });
  }

  /**
   * A client of an rpc service. What no service has to itself (the inbox, audit, operations, imports, publicities,
   * notices, the feed) needs to know which one is meant: `client(PublicityService, "evaluation")`.
   */
  client<S extends DescService>(service: S, area?: Area): Client<S> {
    const own = service.typeName.split(".")[1] ?? "";
    const target = area ?? (AREAS.includes(own) ? own : undefined);
    if (!target) throw new TypeError(`${service.typeName} is no one service's own: say which one is meant`);
    return createClient(service, toService(this.transport, target));
  }
}

/** The same transport with every call addressed to one service. */
function toService(transport: Transport, area: string): Transport {
  const named = (header: HeadersInit | undefined) => {
    const headers = new Headers(header);
    headers.set("x-bangfu-service", area);
    return headers;
  };
  return {
    unary: (method, signal, timeout, header, input, context) =>
      transport.unary(method, signal, timeout, named(header), input, context),
    stream: (method, signal, timeout, header, input, context) =>
      transport.stream(method, signal, timeout, named(header), input, context),
  };
}

/** An id for a change: the same id sent again gives the stored answer instead of a second change. */
export function newRequestId(): string {
  return `web-${crypto.randomUUID()}`;
}


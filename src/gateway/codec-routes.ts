/** `POST /codec/decode` and `/codec/encode`: Temporal's UI and command line have payloads made readable here, for operators. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Payload, PayloadCodec } from '@temporalio/common';
import { z } from 'zod';
import { undecipherableIn } from '../temporal/encryption.js';
import { Problem, sendProblem } from './problem.js';

/** A page of a history is at most the 4 MB of a gRPC message, a third more in base64. */
const BODY_LIMIT = 8 * 1024 * 1024;

const bytes = z.base64('must be base64');

export const payloadsBody = z.object({
  payloads: z.array(z.object({ metadata: z.record(z.string(), bytes).nullish(), data: bytes.nullish() })).max(10_000),
});
type PayloadsBody = z.output<typeof payloadsBody>;

export interface CodecParts {
  /** Null where payloads are plain. */
  codec: PayloadCodec | null;
  /** Whose pages may ask from a browser; null for none. */
  origin: string | null;
}

export function addCodecRoutes(app: FastifyInstance, { codec, origin }: CodecParts): void {
  void app.register(async (scope) => {
    // Refusals carry the headers too: without them a page learns of an error, but not of which.
    scope.addHook('onSend', async ({ headers }, reply) => {
      reply.header('vary', 'Origin').header('cache-control', 'no-store');
      if (origin === null || headers.origin !== origin) return;
      reply.header('access-control-allow-origin', origin).header('access-control-allow-credentials', 'true');
    });
    scope.setErrorHandler((error: Error & { code?: string }, request, reply) =>
      sendProblem(error.code === 'FST_ERR_CTP_BODY_TOO_LARGE' ? tooLarge() : error, request, reply),
    );

    const config = { deed: 'read payloads', sessionsFrom: origin } as const;
    for (const direction of ['decode', 'encode'] as const) {
      const path = `/codec/${direction}`;
      scope.options(path, preflight);
      scope.post(path, { config, bodyLimit: BODY_LIMIT }, async (request) => {
        if (!codec) {
          const detail = 'PAYLOAD_KEYS of this gateway is not set: payloads are plain, and there is nothing to decode.';
          throw new Problem(404, 'no-payload-keys', detail);
        }
        return { payloads: (await coded(codec, direction, payloadsIn(request.body))).map(toJson) };
      });
    }
  });

  /** A browser asks before it sends; it sends no token with that. */
  async function preflight(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    if (origin === null || request.headers.origin !== origin) {
      throw new Problem(403, 'foreign-origin', 'Pages of this origin may not ask; see CODEC_CORS_ORIGIN.');
    }
    return reply
      .code(204)
      .header('access-control-allow-methods', 'POST')
      .header('access-control-allow-headers', 'Content-Type, X-Namespace, Authorization, Authorization-Extras')
      .header('access-control-max-age', '600')
      .send();
  }
}

async function coded(codec: PayloadCodec, direction: 'decode' | 'encode', payloads: Payload[]): Promise<Payload[]> {
  try {
    return await codec[direction](payloads);
  } catch (error) {
    const undecipherable = undecipherableIn(error);
    throw undecipherable ? new Problem(400, 'undecipherable-payload', `${undecipherable.message}.`) : error;
  }
}

function payloadsIn(body: unknown): Payload[] {
  const parsed = payloadsBody.safeParse(body);
  if (parsed.success) return parsed.data.payloads.map(fromJson);
  const [issue] = parsed.error.issues;
  const where = issue?.path.slice(0, 3).join('.') || 'the body';
  const detail = `Send {"payloads": [{"metadata": {…}, "data": "…"}]} with values in base64; ${where} is not so.`;
  throw new Problem(400, 'invalid-payloads', detail);
}

function fromJson({ metadata, data }: PayloadsBody['payloads'][number]): Payload {
  const entries = Object.entries(metadata ?? {}).map(([name, text]) => [name, Buffer.from(text, 'base64')] as const);
  return { metadata: Object.fromEntries(entries), ...(data && { data: Buffer.from(data, 'base64') }) };
}

function toJson({ metadata, data }: Payload): PayloadsBody['payloads'][number] {
  const entries = Object.entries(metadata ?? {}).map(([name, value]) => [name, base64Of(value)] as const);
  return { metadata: Object.fromEntries(entries), ...(data && { data: base64Of(data) }) };
}

function base64Of(value: Uint8Array): string {
  return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64');
}

function tooLarge(): Problem {
  return new Problem(413, 'body-too-large', 'The body is larger than 8 MiB. Send fewer payloads at a time.');
}

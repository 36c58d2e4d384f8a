/** The `http` CRM: every write is a signed request to a receiver of the company's own, which can drop repeats by their key. */
import { createHash } from 'node:crypto';
import { EnvHttpProxyAgent, request } from 'undici';
import { CrmError, type Crm } from './crm.js';
import { multipartBody } from './multipart.js';
import { refusalOf, unreachable } from './http-answers.js';
import { signedHeaders, signingKeyOf } from './webhook-signature.js';

export interface HttpCrmSettings {
  /** Base of the receiver; `/deals/...` is appended. */
  url: string;
  /** `whsec_<base64>` or plain text. */
  secret: string;
  /** How long a whole write may take, in milliseconds. */
  recordMs?: number;
  attachMs?: number;
}

interface Write {
  method: 'PATCH' | 'POST';
  path: string;
  contentType: string;
  body: Buffer;
  writeId: string;
  timeoutMs: number;
}

/**
 * A record travels whole, with null for what the deal has not (any more), so the receiver needs no memory of its own but the
 * highest `version`. Errors of `read` pass as they are. Throws at once on a malformed url or an empty secret.
 */
export function createHttpCrm({ url, secret, recordMs = 15_000, attachMs = 60_000 }: HttpCrmSettings): Crm {
  const base = new URL(url).href.replace(/\/+$/, '');
  const key = signingKeyOf(secret);
  const dispatcher = new EnvHttpProxyAgent({ connect: { timeout: 5_000 }, connections: 10 });
  let closed: Promise<void> | undefined;

  async function send({ method, path, contentType, body, writeId, timeoutMs }: Write): Promise<void> {
    const headers = { 'content-type': contentType, 'idempotency-key': writeId, ...signedHeaders(key, writeId, body) };
    const answer = await request(`${base}${path}`, {
      dispatcher,
      method,
      headers,
      body,
      headersTimeout: timeoutMs,
      bodyTimeout: timeoutMs,
      signal: AbortSignal.timeout(timeoutMs),
    }).catch((error: unknown) => {
      throw unreachable(method, error);
    });
    if (answer.statusCode < 200 || answer.statusCode > 299) throw await refusalOf(method, answer);
    // The status says all: what else comes is thrown away, and a connection that says too much is closed.
    await answer.body.dump({ limit: 65_536 }).catch(() => undefined);
  }

  return {
    name: 'http',

    record: (record, writeId) =>
      send({
        method: 'PATCH',
        path: dealPath(record.dealId),
        contentType: 'application/json',
        body: Buffer.from(JSON.stringify(record)),
        writeId,
        timeoutMs: recordMs,
      }),

    /** A receiver pushes: it cancels the deal at the gateway, or answers 410 to the next write. */
    withdrawn: async () => null,

    async attach({ dealId, round, envelopeId }, pdf, read, writeId) {
      const bytes = await read();
      if (createHash('sha256').update(bytes).digest('hex') !== pdf.sha256) {
        throw new CrmError('refused', 'The filed PDF is not the one that was signed: its sha256 differs.');
      }
      const name = `${dealId}${round > 1 ? `-${round}` : ''}-signed.pdf`.replace(/[^\w.-]/g, '_');
      const boundary = `countersign-${pdf.sha256}`;
      await send({
        method: 'POST',
        path: `${dealPath(dealId)}/attachments`,
        contentType: `multipart/form-data; boundary=${boundary}`,
        body: multipartBody(
          { name, sha256: pdf.sha256, round: String(round), envelopeId: plain(envelopeId) },
          { field: 'file', fileName: name, contentType: 'application/pdf', bytes },
          boundary,
        ),
        writeId,
        timeoutMs: attachMs,
      });
    },

    async check() {},

    close: () => (closed ??= dispatcher.close()),
  };
}

function dealPath(dealId: string): string {
  return `/deals/${encodeURIComponent(dealId)}`;
}

/** A provider made it: no line break of its may forge a part of the body. */
function plain(value: string): string {
  return value.replace(/[\r\n]/g, ' ');
}

/** The `http` CRM: every write is a signed request to a receiver of the company's own, which can drop repeats by their key. */
import { createHash } from 'node:crypto';
import { CrmError, type Crm } from './crm.js';
import { multipartBody } from './multipart.js';
import { refusalOf } from './http-answers.js';
import { dealPath, type ReceiverCall, type ReceiverCalls } from './receiver.js';

/** How long a whole write may take, in milliseconds. */
export interface HttpCrmTimes {
  recordMs?: number;
  attachMs?: number;
}

/**
 * A record travels whole, with null for what the deal has not (any more), so the receiver needs no memory of its own but the
 * highest `version`. Errors of `read` pass as they are. The CRM owns `receiver` and closes it.
 */
export function createHttpCrm(
  receiver: ReceiverCalls,
  { recordMs = 15_000, attachMs = 60_000 }: HttpCrmTimes = {},
): Crm {
  async function send(write: ReceiverCall): Promise<void> {
    const answer = await receiver.call(write);
    if (answer.statusCode < 200 || answer.statusCode > 299) throw await refusalOf(write.method, answer);
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
        id: writeId,
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
        id: writeId,
        timeoutMs: attachMs,
      });
    },

    async check() {},

    close: () => receiver.close(),
  };
}

/** A provider made it: no line break of its may forge a part of the body. */
function plain(value: string): string {
  return value.replace(/[\r\n]/g, ' ');
}

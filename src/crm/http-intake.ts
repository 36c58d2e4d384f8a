/** Which deals of a private CRM want a contract: asked of its receiver. */
import { createHash, randomUUID } from 'node:crypto';
import type { Dispatcher } from 'undici';
import { z } from 'zod';
import { CrmError } from './crm.js';
import { refusalOf, unreachable } from './http-answers.js';
import type { CrmDeal, CrmIntake } from './intake.js';
import { dealPath, type ReceiverCalls } from './receiver.js';

const ASK_MS = 15_000;
const MOST_BYTES = 1024 * 1024;

const page = z.object({ dealIds: z.array(z.string()).max(1000), next: z.string().nullish() });

/** What the gateway's own checks judge is passed on as it came, all but the id. */
const request = z.looseObject({ documentType: z.string() });

const deal = z.discriminatedUnion('wants', [
  z.object({ wants: z.literal('contract'), request, recorded: z.boolean().default(false) }),
  z.object({ wants: z.literal('withdrawal'), why: z.string().default('no reason given') }),
  z.object({ wants: z.literal('nothing') }),
]);

export function createHttpIntake(receiver: ReceiverCalls): CrmIntake {
  async function asked<Schema extends z.ZodType>(path: string, schema: Schema): Promise<z.output<Schema> | undefined> {
    const answer = await receiver.call({ method: 'GET', path, id: `ask/${randomUUID()}`, timeoutMs: ASK_MS });
    if (answer.statusCode === 404) {
      await answer.body.dump().catch(() => undefined);
      return undefined;
    }
    if (answer.statusCode !== 200) throw await refusalOf('GET', answer);
    const read = schema.safeParse(await jsonOf(answer));
    if (read.success) return read.data;
    const [issue] = read.error.issues;
    const where = issue?.path.map(String).join('.') || 'body';
    throw new CrmError(
      'refused',
      `The CRM's answer to GET ${path.split('?')[0]} cannot be read: ${where}: ${issue?.message}`,
    );
  }

  return {
    async look(dealId) {
      const found = await asked(dealPath(dealId), deal);
      return found ? dealOf(dealId, found) : { kind: 'other' };
    },

    async wanting(cursor) {
      const after = cursor === undefined ? '' : `&cursor=${encodeURIComponent(cursor)}`;
      const found = await asked(`/deals?wants=contract${after}`, page);
      if (!found) throw new CrmError('refused', 'The receiver does not list deals: it answers 404 to GET /deals.');
      return { dealIds: found.dealIds, next: found.next ?? null };
    },

    async explain(dealId, why) {
      const path = `${dealPath(dealId)}/refusal`;
      const body = Buffer.from(JSON.stringify({ why }));
      const id = `refusal/${createHash('sha256').update(`${dealId}\n${why}`).digest('hex').slice(0, 32)}`;
      const call = { method: 'POST' as const, path, id, body, contentType: 'application/json', timeoutMs: ASK_MS };
      const answer = await receiver.call(call);
      // A receiver need not care: the refusal is in the log and in what the back-fill says.
      if (![404, 405].includes(answer.statusCode) && (answer.statusCode < 200 || answer.statusCode > 299))
        throw await refusalOf('POST', answer);
      await answer.body.dump().catch(() => undefined);
    },
  };
}

function dealOf(dealId: string, found: z.output<typeof deal>): CrmDeal {
  switch (found.wants) {
    case 'contract':
      return { kind: 'wanted', request: { ...found.request, dealId }, recorded: found.recorded };
    case 'withdrawal':
      return { kind: 'withdrawn', why: found.why };
    case 'nothing':
      return { kind: 'other' };
  }
}

async function jsonOf({ body }: Dispatcher.ResponseData): Promise<unknown> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of body as AsyncIterable<Uint8Array>) {
      size += chunk.length;
      if (size > MOST_BYTES) throw new CrmError('refused', `The CRM's answer is larger than ${MOST_BYTES} bytes.`);
      chunks.push(Buffer.from(chunk));
    }
    return JSON.parse(Buffer.concat(chunks).toString('utf8'));
  } catch (error) {
    if (error instanceof CrmError) throw error;
    if (error instanceof SyntaxError) throw new CrmError('refused', "The CRM's answer is no JSON.");
    throw unreachable('GET', error);
  }
}

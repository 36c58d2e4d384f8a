/**
 * The soak's CRM: the receiver's side of the `http` contract, in memory. Like a CRM should, it checks signatures, drops repeats by
 * their key and leaves records aside that are overtaken; unlike one, it fails a share of its calls, before or after it has taken them.
 */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import Fastify, { type FastifyReply, type FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { CrmAttachment, CrmDeal, StageHeard, TrialCrm } from './crm.js';
import { randomOf, type Random } from './random.js';

export const CRM_FAULTS = ['crm-refuse', 'crm-refuse-after', 'crm-drop-after', 'crm-late'] as const;
export type CrmFault = (typeof CRM_FAULTS)[number];

const recordSchema = z.object({
  version: z.number(),
  stage: z.string(),
  outcome: z.string().nullable(),
  envelopeId: z.string().nullable(),
  reason: z.string().nullable(),
  signedAt: z.string().nullable(),
  note: z.string().optional(),
});

export interface CrmReceiver extends TrialCrm {
  url: string;
  secret: string;
  deal(dealId: string): Readonly<CrmDeal>;
  remove(dealId: string): void;
  /** How many writes were taken, repeats not counted. */
  writes(): number;
  counts(): Record<CrmFault, number>;
  /** From now on nothing goes wrong. */
  calm(): void;
  close(): Promise<void>;
}

interface Kept extends CrmDeal {
  draw: Random;
  /** Digest of what each write said, by its key. */
  writes: Map<string, string>;
  watchers: Set<() => void>;
}

const SECRET = 'a secret of the soak alone';
const LATE_MS = 1500;

export async function startCrmReceiver(
  { share, seed }: { share: number; seed: number },
  heard: StageHeard = () => undefined,
): Promise<CrmReceiver> {
  const deals = new Map<string, Kept>();
  const counts: Record<CrmFault, number> = {
    'crm-refuse': 0,
    'crm-refuse-after': 0,
    'crm-drop-after': 0,
    'crm-late': 0,
  };
  let calm = false;

  const kept = (dealId: string): Kept => {
    const known = deals.get(dealId);
    if (known !== undefined) return known;
    const draw = randomOf(seed, 'crm', dealId);
    const fresh: Kept = {
      record: null,
      notes: [],
      attachments: [],
      gone: false,
      contradictions: [],
      draw,
      writes: new Map(),
      watchers: new Set(),
    };
    deals.set(dealId, fresh);
    return fresh;
  };

  const app = Fastify({ bodyLimit: 20 * 1024 * 1024, forceCloseConnections: true });
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  type Write = FastifyRequest<{ Params: { dealId: string }; Body: Buffer }>;

  async function answer(
    request: Write,
    reply: FastifyReply,
    digest: string,
    apply: (deal: Kept) => void,
  ): Promise<FastifyReply> {
    const key = request.headers['idempotency-key'];
    if (typeof key !== 'string' || !isSigned(key, request)) return reply.code(401).send();
    const deal = kept(request.params.dealId);
    const fault = calm || deal.draw.next() >= share ? null : deal.draw.pick(CRM_FAULTS);
    if (fault !== null) counts[fault] += 1;
    if (fault === 'crm-refuse') return reply.code(503).send();
    if (deal.gone) return reply.code(410).send();
    take(deal, key, digest, apply);
    if (fault === 'crm-refuse-after') return reply.code(503).send();
    if (fault === 'crm-drop-after') {
      reply.hijack().raw.destroy();
      return reply;
    }
    if (fault === 'crm-late') await wait(LATE_MS);
    return reply.code(204).send();
  }

  app.patch<{ Params: { dealId: string }; Body: Buffer }>('/deals/:dealId', (request, reply) => {
    const record = recordSchema.parse(JSON.parse(request.body.toString('utf8')));
    const { stage, outcome, envelopeId, note } = record;
    return answer(request, reply, JSON.stringify({ stage, outcome, envelopeId, note }), (deal) => {
      if (note !== undefined) deal.notes.push(note);
      if (record.version <= (deal.record?.version ?? 0)) return;
      deal.record = record;
      heard(request.params.dealId, stage, Date.now());
    });
  });

  app.post<{ Params: { dealId: string }; Body: Buffer }>('/deals/:dealId/attachments', async (request, reply) => {
    const attachment = await readAttachment(request);
    if (attachment === null) return reply.code(422).send();
    return answer(request, reply, JSON.stringify(attachment), (deal) => void deal.attachments.push(attachment));
  });

  const url = await app.listen({ host: '127.0.0.1', port: 0 });
  return {
    url,
    secret: SECRET,
    deal: kept,
    remove(dealId) {
      kept(dealId).gone = true;
    },
    written(dealId, ms) {
      const { watchers } = kept(dealId);
      return new Promise((resolve) => {
        const done = (): void => {
          watchers.delete(done);
          clearTimeout(timer);
          resolve();
        };
        const timer = setTimeout(done, ms);
        watchers.add(done);
      });
    },
    writes: () => [...deals.values()].reduce((total, { writes }) => total + writes.size, 0),
    counts: () => ({ ...counts }),
    calm() {
      calm = true;
    },
    close: () => app.close(),
  };
}

function take(deal: Kept, key: string, digest: string, apply: (deal: Kept) => void): void {
  const before = deal.writes.get(key);
  if (before === undefined) {
    deal.writes.set(key, digest);
    apply(deal);
    for (const watcher of deal.watchers) watcher();
  } else if (before !== digest) {
    deal.contradictions.push(`${key}: ${before}, then ${digest}`);
  }
}

/** Standard Webhooks, over the bytes as they came. */
function isSigned(key: string, { headers, body }: { headers: FastifyRequest['headers']; body: Buffer }): boolean {
  const { 'webhook-id': id, 'webhook-timestamp': at, 'webhook-signature': signature } = headers;
  if (id !== key || typeof at !== 'string' || typeof signature !== 'string') return false;
  const expected = createHmac('sha256', SECRET).update(`${key}.${at}.`).update(body).digest('base64');
  const given = Buffer.from(signature);
  const wanted = Buffer.from(`v1,${expected}`);
  return given.length === wanted.length && timingSafeEqual(given, wanted);
}

async function readAttachment({
  headers,
  body,
}: {
  headers: FastifyRequest['headers'];
  body: Buffer;
}): Promise<CrmAttachment | null> {
  // The platform's own parser reads what the driver wrote.
  const form = await new Response(new Uint8Array(body), {
    headers: { 'content-type': headers['content-type'] ?? '' },
  }).formData();
  const [file, sha256, envelopeId] = [form.get('file'), form.get('sha256'), form.get('envelopeId')];
  if (!(file instanceof File) || typeof sha256 !== 'string' || typeof envelopeId !== 'string') return null;
  const bytes = Buffer.from(await file.arrayBuffer());
  return { sha256, envelopeId, whole: createHash('sha256').update(bytes).digest('hex') === sha256 };
}

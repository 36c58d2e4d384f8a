/** The people at Atlas's pages, and what really happened there: the sandbox, asked behind Atlas's back. */
import { setTimeout as wait } from 'node:timers/promises';
import { request } from 'undici';
import { z } from 'zod';

const party = z.object({ order: z.number(), roleType: z.string().nullable(), status: z.string().nullable() });
const envelopeSchema = z.object({
  id: z.string(),
  status: z.enum(['draft', 'pending', 'signed', 'declined', 'voided']),
  createdAt: z.string(),
  sentAt: z.string().nullable(),
  autoSend: z.boolean(),
  creditRefunded: z.boolean(),
  metadata: z.object({ external_id: z.string().optional() }),
  parties: z.array(party),
  mails: z.array(z.object({ kind: z.string() })),
  calls: z.array(
    z.object({ at: z.string(), method: z.string(), path: z.string(), status: z.number(), replayed: z.boolean() }),
  ),
});
export type AtlasEnvelope = z.output<typeof envelopeSchema>;

const listSchema = z.array(z.object({ id: z.string() }));
const countsSchema = z.object({ counts: z.record(z.string(), z.number()) });
const stateSchema = z.object({
  spent: z.record(z.string(), z.number()),
  refunded: z.record(z.string(), z.number()),
  bucketAuthorizationLeaks: z.number(),
  duplicates: z.object({ externalIds: z.number(), sends: z.number() }),
  deliveries: z.record(z.string(), z.number()),
});
export type AtlasState = z.output<typeof stateSchema>;

export interface FaultRule {
  kind: string;
  share: number;
  ms?: number;
  route?: string;
  content_length?: 'cut' | 'full';
}

const CALL_MS = 15_000;

export class AtlasDesk {
  constructor(
    private readonly url: string,
    private readonly apiKey: string,
  ) {}

  async envelope(id: string): Promise<AtlasEnvelope> {
    return envelopeSchema.parse(await this.read(`/envelopes/${id}`));
  }

  async envelopeIds(): Promise<string[]> {
    return listSchema.parse(await this.read('/envelopes')).map(({ id }) => id);
  }

  async state(): Promise<AtlasState> {
    return stateSchema.parse(await this.read('/state'));
  }

  async faultCounts(): Promise<Record<string, number>> {
    return countsSchema.parse(await this.read('/faults')).counts;
  }

  async addFaults(faults: readonly FaultRule[], seed: number): Promise<void> {
    await this.do('/faults', { faults, seed });
  }

  async clearFaults(): Promise<void> {
    await this.do('/faults/clear');
  }

  async setCredits(credits: number): Promise<void> {
    await this.do('/settings', { credits: { [this.apiKey]: credits } });
  }

  async suspend(suspended: boolean): Promise<void> {
    await this.do('/settings', { suspended: { [this.apiKey]: suspended } });
  }

  /** Tries every webhook that is still to be delivered. */
  async flush(): Promise<void> {
    await this.do('/webhooks/flush');
  }

  /** Each of these is true when it was done, false when Atlas would not: the envelope had moved on. */
  sign = (id: string): Promise<boolean> => this.act(id, 'sign');
  decline = (id: string): Promise<boolean> =>
    this.act(id, 'decline', { reason: 'The notice period is too long for us' });
  pressSend = (id: string): Promise<boolean> => this.act(id, 'review-send');
  placeFields = (id: string): Promise<boolean> => this.act(id, 'place-fields');
  reassign = (id: string): Promise<boolean> =>
    this.act(id, 'reassign', { email: 'deputy@customer.example', name: 'Dora Deputy' });

  /** The sender voids the envelope at Atlas, by the API: there this call meets faults as any other does. */
  async voidThere(id: string): Promise<boolean> {
    await request(`${this.url}/api/envelope/${id}/void`, {
      method: 'POST',
      headers: { authorization: `Bearer ${this.apiKey}`, 'content-type': 'application/json' },
      body: JSON.stringify({ reason: 'voided by the sender' }),
      signal: AbortSignal.timeout(CALL_MS),
    })
      .then(({ body }) => body.dump())
      .catch(() => undefined);
    return (await this.envelope(id)).status === 'voided';
  }

  private async act(id: string, deed: string, body: object = {}): Promise<boolean> {
    const answer = await this.post(`/envelopes/${id}/${deed}`, body).catch(() => null);
    return answer?.statusCode === 200;
  }

  private async do(path: string, body: object = {}): Promise<void> {
    const { statusCode, text } = await this.post(path, body);
    if (statusCode !== 200) throw new Error(`The sandbox answered ${statusCode} to ${path}: ${text}`);
  }

  private async post(path: string, json: object): Promise<{ statusCode: number; text: string }> {
    const { statusCode, body } = await request(`${this.url}/_sandbox${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(json),
      signal: AbortSignal.timeout(CALL_MS),
    });
    return { statusCode, text: await body.text() };
  }

  private async read(path: string): Promise<unknown> {
    for (let attempt = 1; ; attempt++) {
      try {
        const { statusCode, body } = await request(`${this.url}/_sandbox${path}`, {
          signal: AbortSignal.timeout(CALL_MS),
        });
        const answer = await body.json();
        if (statusCode === 200) return answer;
        throw new Error(`The sandbox answered ${statusCode} to ${path}`);
      } catch (error) {
        if (attempt === 5) throw error;
        await wait(200);
      }
    }
  }
}

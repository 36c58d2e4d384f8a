import { z } from 'zod';
import { keepTrying } from './patience.js';
import { submit, visit } from './web-form.js';

const envelopeSchema = z.object({
  id: z.string(),
  status: z.string(),
  sentAt: z.string().nullable(),
  document: z.object({ pages: z.number().nullable() }),
  parties: z.array(z.object({ order: z.number(), status: z.string().nullable(), sign_url: z.string() })),
  mails: z.array(z.object({ kind: z.string(), to: z.string() })),
});
export type SandboxEnvelope = z.output<typeof envelopeSchema>;

const listSchema = z.array(z.object({ id: z.string(), external_id: z.string().nullable() }));
const stateSchema = z.object({
  envelopes: z.number(),
  sends: z.number(),
  spent: z.record(z.string(), z.number()),
  refunded: z.record(z.string(), z.number()),
});
export type SandboxState = z.output<typeof stateSchema>;

const VISIT_MS = 10_000;

/**
 * Atlas's pages as people use them, its API as a colleague with the key does, and what the sandbox lets one look up. Each step may be
 * repeated and is, while the sandbox is away.
 */
export class AtlasVisitor {
  constructor(
    private readonly url: string,
    private readonly apiKey: string,
    private readonly signal: AbortSignal,
  ) {}

  /** Presses Send on the review page, the parties as they stand there. */
  async pressSend(reviewUrl: string, envelopeId: string): Promise<void> {
    await this.until('sending from the review page', async () => {
      if ((await this.envelope(envelopeId)).sentAt !== null) return true;
      await submit(await visit(reviewUrl), '/send', {});
      return undefined;
    });
  }

  /** Opens the sign page of the signer whose turn `order` is, agrees, types the name, and signs. */
  async sign(envelopeId: string, order: number, name: string): Promise<void> {
    await this.until(`the signature of signer ${order}`, async () => {
      const party = await this.signer(envelopeId, order);
      if (party.status === 'signed') return true;
      await submit(await visit(party.sign_url), `/sign/${envelopeId}`, { consent: 'yes', name });
      return undefined;
    });
  }

  async decline(envelopeId: string, order: number, reason: string): Promise<void> {
    await this.until(`signer ${order} declining`, async () => {
      const party = await this.signer(envelopeId, order);
      if (party.status === 'declined') return true;
      await submit(await visit(party.sign_url), '/decline', { reason });
      return undefined;
    });
  }

  /** Voids the envelope by Atlas's API, past Countersign. */
  async void(envelopeId: string, reason: string): Promise<void> {
    await this.until('voiding at Atlas', async () => {
      if ((await this.envelope(envelopeId)).status === 'voided') return true;
      const response = await fetch(`${this.url}/api/envelope/${envelopeId}/void`, {
        method: 'POST',
        headers: { authorization: `Bearer ${this.apiKey}`, 'content-type': 'application/json' },
        body: JSON.stringify({ reason }),
        signal: AbortSignal.timeout(VISIT_MS),
      });
      if (!response.ok) throw new Error(`The void was answered with ${response.status}.`);
      return undefined;
    });
  }

  async envelope(id: string): Promise<SandboxEnvelope> {
    return envelopeSchema.parse(await this.read(`/_sandbox/envelopes/${id}`));
  }

  /** Ids of all envelopes that were ever made for the deal, oldest first. */
  async envelopesOf(dealId: string): Promise<string[]> {
    const all = listSchema.parse(await this.read('/_sandbox/envelopes'));
    return all.filter(({ external_id: of }) => of?.startsWith(`deal-${dealId}/`)).map(({ id }) => id);
  }

  async state(): Promise<SandboxState> {
    return stateSchema.parse(await this.read('/_sandbox/state'));
  }

  private async signer(envelopeId: string, order: number): Promise<SandboxEnvelope['parties'][number]> {
    const party = (await this.envelope(envelopeId)).parties.find((candidate) => candidate.order === order);
    if (party === undefined) throw new Error(`Envelope ${envelopeId} has no signer ${order}.`);
    return party;
  }

  private read(path: string): Promise<unknown> {
    return this.until(`GET ${path}`, async () => {
      const response = await fetch(`${this.url}${path}`, { signal: AbortSignal.timeout(VISIT_MS) });
      if (!response.ok) throw new Error(`GET ${path} was answered with ${response.status}.`);
      return response.json();
    });
  }

  private until<T>(what: string, attempt: () => Promise<T | undefined>): Promise<T> {
    return keepTrying(what, this.signal, attempt);
  }
}

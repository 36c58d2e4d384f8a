import { z } from 'zod';
import type { DealSnapshot } from '../../deal/snapshot.js';
import type { TokenRole } from '../kept-settings.js';
import { keepTrying, Refused } from './patience.js';

const CALL_MS = 15_000;

export interface NewDeal {
  dealId: string;
  documentType: string;
  document?: { uri: string };
  /** Properties of the deal that fill its template. */
  prefill?: Record<string, string>;
  parties: NewParty[];
}

export interface NewParty {
  email: string;
  name: string;
  role: string;
  order: number;
}

const endedSchema = z.object({ outcome: z.string() });

/** The deal has ended and takes no more messages. */
class Ended extends Refused {
  override readonly name = 'Ended';
  constructor(
    message: string,
    readonly outcome: string,
  ) {
    super(message);
  }
}

/** The gateway as a CRM and people's tools call it. Every call may be repeated, so each is, while the gateway is away. */
export class GatewayCaller {
  constructor(
    private readonly url: string,
    private readonly tokens: Record<TokenRole, string>,
    private readonly signal: AbortSignal,
  ) {}

  async start(deal: NewDeal): Promise<void> {
    await this.call('crm', 'POST', '/deals', deal);
  }

  async approve(dealId: string, revision: number): Promise<void> {
    const body = { decision: 'approve', note: 'prices and terms as agreed' };
    await this.call('reviewer', 'POST', `/deals/${dealId}/review`, body, `${dealId}-approval-${revision}`);
  }

  async amend(dealId: string, amend: { parties: NewParty[]; reason: string }): Promise<void> {
    await this.call('operator', 'POST', `/deals/${dealId}/amend`, amend, `${dealId}-amend`);
  }

  /** As the CRM does when a deal is lost there. */
  async cancel(dealId: string, reason: string): Promise<void> {
    try {
      await this.call('crm', 'POST', `/deals/${dealId}/cancel`, { reason }, `${dealId}-cancel`);
    } catch (error) {
      // The answer to an earlier try was lost, and the deal has ended by it.
      if (!(error instanceof Ended && error.outcome === 'cancelled')) throw error;
    }
  }

  /** As a reviewer sees it: with the review link. */
  async deal(dealId: string): Promise<DealSnapshot> {
    return (await this.call('reviewer', 'GET', `/deals/${dealId}`)) as DealSnapshot;
  }

  private call(
    role: TokenRole,
    method: 'GET' | 'POST',
    path: string,
    body?: unknown,
    idempotencyKey?: string,
  ): Promise<unknown> {
    return keepTrying(`${method} ${path}`, this.signal, async () => {
      const response = await fetch(`${this.url}${path}`, {
        method,
        headers: {
          authorization: `Bearer ${this.tokens[role]}`,
          ...(body !== undefined && { 'content-type': 'application/json' }),
          ...(idempotencyKey !== undefined && { 'idempotency-key': idempotencyKey }),
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
        signal: AbortSignal.any([this.signal, AbortSignal.timeout(CALL_MS)]),
      });
      const text = await response.text();
      if (response.ok) return JSON.parse(text) as unknown;
      const said = `${method} ${path} was answered with ${response.status}: ${text.slice(0, 500)}`;
      if (response.status >= 500 || response.status === 429) throw new Error(said);
      const ended = response.status === 409 ? endedSchema.safeParse(JSON.parse(text)) : undefined;
      throw ended?.success === true ? new Ended(said, ended.data.outcome) : new Refused(said);
    });
  }
}

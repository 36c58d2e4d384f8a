import type { DealSnapshot } from '../../deal/snapshot.js';
import type { TokenRole } from '../kept-settings.js';
import { keepTrying, Refused } from './patience.js';

const CALL_MS = 15_000;

export interface NewDeal {
  dealId: string;
  documentType: string;
  document: { uri: string };
  parties: { email: string; name: string; role: string; order: number }[];
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

  async approve(dealId: string): Promise<void> {
    const body = { decision: 'approve', note: 'prices and terms as agreed' };
    await this.call('reviewer', 'POST', `/deals/${dealId}/review`, body, { 'idempotency-key': `${dealId}-approval` });
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
    headers: Record<string, string> = {},
  ): Promise<unknown> {
    return keepTrying(`${method} ${path}`, this.signal, async () => {
      const response = await fetch(`${this.url}${path}`, {
        method,
        headers: {
          authorization: `Bearer ${this.tokens[role]}`,
          ...(body !== undefined && { 'content-type': 'application/json' }),
          ...headers,
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
        signal: AbortSignal.any([this.signal, AbortSignal.timeout(CALL_MS)]),
      });
      const text = await response.text();
      if (response.ok) return JSON.parse(text) as unknown;
      const said = `${method} ${path} was answered with ${response.status}: ${text.slice(0, 500)}`;
      throw response.status >= 500 || response.status === 429 ? new Error(said) : new Refused(said);
    });
  }
}

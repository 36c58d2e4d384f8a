/** The gateway as the CRM, reviewers and operators call it. */
import { setTimeout as wait } from 'node:timers/promises';
import { request } from 'undici';
import type { MessageName } from '../src/deal/messages.js';
import type { DealSnapshot } from '../src/deal/snapshot.js';
import { dealAnswer, startAnswer } from '../src/gateway/answers.js';
import type { TokenRole } from '../src/stack/kept-settings.js';

export interface NewDeal {
  dealId: string;
  documentType: string;
  document?: { uri: string };
  parties: NewParty[];
  prefill?: Record<string, string>;
  metadata?: Record<string, string>;
}

export interface NewParty {
  email: string;
  name: string;
  role: string;
  order: number;
  role_type?: 'cc';
}

interface Answer {
  status: number;
  body: unknown;
}

const CALL_MS = 15_000;
const LONGEST_PAUSE_MS = 3000;

/** Repeats what was not answered or was put off, as every client of it should; keys make that safe. */
export class GatewayClient {
  /** Calls that had to be made again. */
  repeated = 0;
  private calls = 0;

  constructor(
    /** Of one gateway or more: each call goes to the next. */
    private readonly urls: readonly string[],
    private readonly tokens: Record<TokenRole, string>,
    private readonly signal: AbortSignal,
    /** Answers that no client should ever get. */
    readonly complaints: string[] = [],
  ) {}

  /** The same client, for as long as `signal` is not aborted. */
  until(signal: AbortSignal): GatewayClient {
    return new GatewayClient(this.urls, this.tokens, signal, this.complaints);
  }

  /** Whether this call started the deal. */
  async start(deal: NewDeal): Promise<boolean> {
    const { status, body } = await this.call('crm', 'POST', '/deals', deal);
    return status === 202 && startAnswer.parse(body).started;
  }

  /** As an operator sees it; null where the gateway knows no such deal, or cannot show it for `patienceMs`. */
  async deal(dealId: string, patienceMs = Infinity): Promise<DealSnapshot | null> {
    const giveUp = patienceMs === Infinity ? undefined : AbortSignal.timeout(patienceMs);
    try {
      const { status, body } = await this.call('operator', 'GET', `/deals/${dealId}`, null, null, giveUp);
      return status === 200 ? dealAnswer.parse(body) : null;
    } catch (error) {
      if (giveUp?.aborted && !this.signal.aborted) return null;
      throw error;
    }
  }

  /** True when the deal took the message or will hear it, false when it would not. The same `key` is the same message, however often it is told. */
  async tell(role: TokenRole, dealId: string, name: MessageName, body: object, key: string): Promise<boolean> {
    const { status } = await this.call(role, 'POST', `/deals/${dealId}/${name}`, body, key);
    return status < 300;
  }

  private async call(
    role: TokenRole,
    method: 'GET' | 'POST',
    path: string,
    body: object | null,
    key: string | null = null,
    giveUp?: AbortSignal,
  ): Promise<Answer> {
    const signal = giveUp ? AbortSignal.any([this.signal, giveUp]) : this.signal;
    for (let pause = 250; ; pause = Math.min(pause * 2, LONGEST_PAUSE_MS)) {
      signal.throwIfAborted();
      const answer = await this.once(role, method, path, body, key);
      if (answer !== null && answer.status < 500 && answer.status !== 429) {
        if (answer.status >= 400 && answer.status !== 409) this.complain(method, path, answer);
        return answer;
      }
      // 503 is how the gateway puts people off; any other failure is one of its own.
      if (answer !== null && answer.status !== 503) this.complain(method, path, answer);
      this.repeated += 1;
      await wait(pause, undefined, { signal });
    }
  }

  private async once(
    role: TokenRole,
    method: 'GET' | 'POST',
    path: string,
    body: object | null,
    key: string | null,
  ): Promise<Answer | null> {
    const url = this.urls[(this.calls += 1) % this.urls.length];
    try {
      const { statusCode, body: answer } = await request(`${url}${path}`, {
        method,
        headers: {
          authorization: `Bearer ${this.tokens[role]}`,
          ...(body !== null && { 'content-type': 'application/json' }),
          ...(key !== null && { 'idempotency-key': key }),
        },
        body: body === null ? null : JSON.stringify(body),
        signal: AbortSignal.any([this.signal, AbortSignal.timeout(CALL_MS)]),
      });
      return { status: statusCode, body: await answer.json() };
    } catch {
      return null;
    }
  }

  private complain(method: string, path: string, { status, body }: Answer): void {
    this.complaints.push(`${method} ${path} was answered with ${status}: ${JSON.stringify(body)}`);
  }
}

import type { LightMyRequestResponse } from 'fastify';
import { describe, expect, it } from 'vitest';
import type { DealState } from '../../src/deal/state.js';
import { snapshotOf } from '../../src/deal/showing.js';
import { ProviderError, type ProviderErrorKind } from '../../src/signing/provider.js';
import { aDealIn } from '../support/deals.js';
import { aGateway, aReading, SIGN_LINK, type AGateway } from './a-gateway.js';

function aDealThatIs(stage: DealState['stage'], over: Partial<DealState> = {}): AGateway {
  const gateway = aGateway();
  gateway.deals.answers.read = () => ({ kind: 'deal', snapshot: snapshotOf(aDealIn(stage, over)) });
  return gateway;
}

const ask = (gateway: AGateway): Promise<LightMyRequestResponse> =>
  gateway.as('operator', { url: '/deals/42/sign-link' });

describe('GET /deals/:dealId/sign-link', () => {
  it('answers the link of this moment, and whose it is, to be kept nowhere', async () => {
    const gateway = aDealThatIs('out-for-signature');
    const answer = await ask(gateway);
    expect([answer.statusCode, answer.json()]).toEqual([
      200,
      { signLink: SIGN_LINK, party: { role: 'Customer', order: 1 } },
    ]);
    expect(answer.headers['cache-control']).toBe('no-store');
    expect(gateway.provider.asked).toEqual(['env-1']);
    expect(gateway.log()).toContain('/deals/:dealId/sign-link');
    expect(gateway.log()).not.toMatch(/t=secret|atlas\.example/);
  });

  it('tells whose turn it is at the provider, although the deal has not heard of it yet', async () => {
    const gateway = aDealThatIs('out-for-signature', {
      parties: [
        { role: 'Customer', order: 1, status: 'pending' },
        { role: 'Company', order: 2, status: 'waiting' },
      ],
    });
    gateway.provider.answers.readEnvelope = () =>
      aReading({
        signedCount: 1,
        parties: [
          { role: 'Customer', order: 1, status: 'signed' },
          { role: 'Company', order: 2, status: 'pending' },
        ],
      });
    expect((await ask(gateway)).json()).toMatchObject({ party: { role: 'Company', order: 2 } });
  });

  it('leaves open whose link it is where the provider does not tell', async () => {
    const gateway = aDealThatIs('out-for-signature');
    gateway.provider.answers.readEnvelope = () => aReading({ parties: null });
    expect((await ask(gateway)).json()).toEqual({ signLink: SIGN_LINK, party: null });
  });

  it.each(['preparing', 'detecting', 'in-review', 'sending', 'filing'] as const)(
    'is not there while the deal is %s',
    async (stage) => {
      const gateway = aDealThatIs(stage);
      expect((await ask(gateway)).json()).toMatchObject({
        status: 409,
        type: 'urn:countersign:problem:not-now',
        detail: expect.stringContaining(`this is ${stage}`) as unknown,
      });
      expect(gateway.provider.asked).toEqual([]);
    },
  );

  it.each(['completed', 'declined', 'voided', 'expired', 'cancelled'] as const)(
    'is not there when the deal has ended: %s',
    async (stage) => {
      const gateway = aDealThatIs(stage);
      expect((await ask(gateway)).json()).toMatchObject({
        status: 409,
        type: 'urn:countersign:problem:deal-ended',
        outcome: stage,
      });
      expect(gateway.provider.asked).toEqual([]);
    },
  );

  it('is not there when it is nobody’s turn', async () => {
    const gateway = aDealThatIs('out-for-signature');
    gateway.provider.answers.signLink = () => null;
    expect((await ask(gateway)).json()).toMatchObject({
      status: 409,
      detail: expect.stringContaining("nobody's turn") as unknown,
    });
  });

  it('is not there for a deal that is not known, or that can be none', async () => {
    const gateway = aGateway();
    gateway.deals.answers.read = () => ({ kind: 'unknown' });
    expect((await ask(gateway)).json()).toMatchObject({ status: 404, type: 'urn:countersign:problem:unknown-deal' });
    expect((await gateway.as('operator', { url: '/deals/a%20b/sign-link' })).statusCode).toBe(404);
    expect(gateway.provider.asked).toEqual([]);
  });
});

describe('a sign link that the provider does not give', () => {
  async function refused(kind: ProviderErrorKind, retryAfterMs?: number): Promise<LightMyRequestResponse> {
    const gateway = aDealThatIs('out-for-signature');
    gateway.provider.answers.signLink = () => {
      const status = kind === 'unreachable' ? {} : { status: 418 };
      throw new ProviderError(kind, 'Atlas said Bob', {
        ...status,
        ...(retryAfterMs !== undefined && { retryAfterMs }),
      });
    };
    const answer = await ask(gateway);
    expect(gateway.log()).toContain(kind);
    // The vendor's words may name people: they are the operator's to read, not the log's.
    expect(gateway.log()).not.toContain('Bob');
    return answer;
  }

  it.each(['unreachable', 'unavailable', 'rate-limited'] as const)('may come later: %s', async (kind) => {
    const answer = await refused(kind);
    expect([answer.statusCode, answer.headers['retry-after']]).toEqual([503, '5']);
    expect(answer.json()).toMatchObject({ type: 'urn:countersign:problem:provider-unavailable' });
    expect((await refused(kind, 61_200)).headers['retry-after']).toBe('62');
    expect((await refused(kind, 0)).headers['retry-after']).toBe('1');
  });

  it.each([
    ['unreadable', 'provider-unreadable', /Atlas said/],
    ['too-large', 'provider-unreadable', /Atlas said/],
    [
      'not-found',
      'provider-refused',
      /ATLAS_BASE_URL and ATLAS_API_KEY, or the DOCUSIGN variables, of the gateway are those of the worker/,
    ],
    ['unauthorized', 'provider-refused', /Check ATLAS_API_KEY of the gateway/],
    ['forbidden', 'provider-refused', /Check ATLAS_API_KEY/],
    ['invalid', 'provider-refused', /Atlas said/],
  ] as const)('needs a person: %s', async (kind, problem, detail) => {
    const answer = await refused(kind);
    expect(answer.json()).toMatchObject({
      status: 502,
      type: `urn:countersign:problem:${problem}`,
      detail: expect.stringMatching(detail) as unknown,
    });
  });
});

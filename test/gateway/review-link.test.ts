import { describe, expect, it } from 'vitest';
import type { DealState } from '../../src/deal/state.js';
import { snapshotOf } from '../../src/deal/showing.js';
import { reviewPages } from '../../src/gateway/review-page.js';
import { ProviderError } from '../../src/signing/provider.js';
import { aDealIn, aPolicy } from '../support/deals.js';
import { aGateway, aStart, type AGateway } from './a-gateway.js';

const LINK = 'https://provider.example/draft?token=secret';
const PAGE = '/console/deals/42/review-page';

function aDealThatIs(stage: DealState['stage'], over: Partial<DealState> = {}, options = {}): AGateway {
  const gateway = aGateway(options);
  gateway.deals.answers.read = () => ({ kind: 'deal', snapshot: snapshotOf(aDealIn(stage, over)) });
  gateway.provider.answers.reviewLink = () => LINK;
  return gateway;
}

describe('GET /deals/:dealId/review-link', () => {
  it('answers the link of this moment, to be kept nowhere', async () => {
    const gateway = aDealThatIs('in-review');
    const answer = await gateway.as('reviewer', { url: '/deals/42/review-link' });
    expect([answer.statusCode, answer.json(), answer.headers['cache-control']]).toEqual([
      200,
      { reviewLink: LINK },
      'no-store',
    ]);
    expect(gateway.log()).not.toContain('secret');
  });

  it.each(['crm', 'viewer'])('is not for the role %s', async (role) => {
    expect((await aDealThatIs('in-review').as(role, { url: '/deals/42/review-link' })).statusCode).toBe(403);
  });

  it('is not there once the deal has ended, before there is an envelope, or where the provider has none', async () => {
    const ended = aDealThatIs('cancelled');
    const early = aDealThatIs('preparing', { envelope: null });
    const none = aDealThatIs('in-review');
    none.provider.answers.reviewLink = () => null;
    const sent = aDealThatIs('out-for-signature');
    sent.provider.answers.reviewLink = () => {
      throw new ProviderError('conflict', 'DocuSign answered 400');
    };
    const answers = await Promise.all(
      [ended, early, none, sent].map((at) => at.as('operator', { url: '/deals/42/review-link' })),
    );
    expect(answers.map((answer) => answer.json<{ type: string; status: number }>())).toMatchObject([
      { status: 409, type: 'urn:countersign:problem:deal-ended' },
      ...[early, none, sent].map(() => ({ status: 409, type: 'urn:countersign:problem:not-now' })),
    ]);
  });

  it('is asked of the provider of the deal alone', async () => {
    const start = aDealIn('in-review').start;
    const atDocusign = { start: { ...start, policy: aPolicy({ provider: 'docusign' }) } };
    const without = aDealThatIs('in-review', atDocusign);
    expect((await without.as('operator', { url: '/deals/42/review-link' })).json()).toMatchObject({
      status: 501,
      detail: expect.stringContaining('docusign') as unknown,
    });
    const within = aDealThatIs('in-review', atDocusign, { connectKeys: ['key'] });
    expect((await within.as('operator', { url: '/deals/42/review-link' })).statusCode).toBe(200);
  });
});

describe('the console’s address of a draft', () => {
  it('is what the provider’s envelopes are told to lead to', () => {
    const { reviewPage, returnPage } = reviewPages('https://countersign.example.com');
    expect([reviewPage('42'), returnPage('e1')]).toEqual([
      `https://countersign.example.com${PAGE}`,
      'https://countersign.example.com/console/go?id=e1',
    ]);
  });

  it('leads on to the link of this moment, and tells nobody', async () => {
    const gateway = aDealThatIs('in-review', {}, { tokens: null });
    const answer = await gateway.app.inject({ url: PAGE, headers: { host: 'localhost:8080' } });
    expect([answer.statusCode, answer.headers.location]).toEqual([302, LINK]);
    expect([answer.headers['referrer-policy'], answer.headers['cache-control']]).toEqual(['no-referrer', 'no-store']);
    expect(gateway.log()).not.toContain('secret');
  });

  it('stands on the page of a DocuSign draft that somebody else made, and no sign link does', async () => {
    const start = { ...aDealIn('in-review').start, policy: aPolicy({ provider: 'docusign' }) };
    const envelope = { id: 'env-1', reviewUrl: null, apiKeyId: null, charged: false };
    const pageOf = async (stage: DealState['stage']) => {
      const gateway = aDealThatIs(stage, { start, envelope }, { tokens: null });
      return (await gateway.app.inject({ url: '/console/deals/42', headers: { host: 'localhost:8080' } })).body;
    };
    const [draft, out] = [await pageOf('in-review'), await pageOf('out-for-signature')];
    expect(draft).toContain(`href="${PAGE}"`);
    expect(out).not.toContain(PAGE);
    expect(out).not.toContain('sign-link');
  });

  it('asks who is there first', async () => {
    const gateway = aDealThatIs('in-review');
    const answer = await gateway.app.inject({ url: PAGE, headers: { accept: 'text/html' } });
    expect([answer.statusCode, answer.headers.location, answer.body]).not.toContain(LINK);
    expect(answer.body).not.toContain('secret');
  });

  it('says on a page why there is none', async () => {
    const gateway = aDealThatIs('completed', {}, { tokens: null });
    const answer = await gateway.app.inject({ url: PAGE, headers: { host: 'localhost:8080' } });
    expect([answer.statusCode, answer.headers['content-type']]).toEqual([409, 'text/html; charset=utf-8']);
  });
});

describe('a sign link of a provider that gives none out', () => {
  it('is a conflict that says so', async () => {
    const gateway = aDealThatIs('out-for-signature');
    gateway.provider.answers.signLink = () => {
      throw new ProviderError('conflict', 'DocuSign mails each signer a link of their own');
    };
    expect((await gateway.as('operator', { url: '/deals/42/sign-link' })).json()).toMatchObject({
      status: 409,
      type: 'urn:countersign:problem:no-sign-link',
      detail: 'DocuSign mails each signer a link of their own.',
    });
  });
});

describe('an envelope that a deal takes over', () => {
  const policies = {
    atlas: aPolicy(),
    docusign: aPolicy({ provider: 'docusign' }),
  };
  const dual = aPolicy({ dual: { shares: { atlas: 50, docusign: 50 }, policies } });
  const overEnvelope = (over: object) =>
    aStart({ document: undefined, parties: undefined, envelopeId: 'env-9', ...over });
  const start = async (body: object, policy = dual) => {
    const gateway = aGateway({ policies: new Map([['order-form', policy]]) });
    const answer = await gateway.as('operator', { method: 'POST', url: '/deals', payload: body });
    return { answer, started: gateway.deals.started };
  };

  it.each(['atlas', 'docusign'] as const)('is at %s when the body says so', async (provider) => {
    const { answer, started } = await start(overEnvelope({ provider }));
    expect([answer.statusCode, started]).toMatchObject([202, [{ envelopeId: 'env-9', policy: { provider } }]]);
  });

  it('must be said to be at one of two, and not at another than the type’s', async () => {
    const missing = await start(overEnvelope({}));
    const other = await start(overEnvelope({ provider: 'docusign' }), policies.atlas);
    const idle = await start(aStart({ provider: 'atlas' }));
    for (const { answer, started } of [missing, other, idle]) {
      expect(answer.json()).toMatchObject({ status: 422, errors: [{ path: 'provider' }] });
      expect(started).toEqual([]);
    }
    expect((await start(overEnvelope({ provider: 'atlas' }), policies.atlas)).answer.statusCode).toBe(202);
    expect((await start(overEnvelope({}), policies.docusign)).started).toMatchObject([
      { policy: { provider: 'docusign' } },
    ]);
  });
});

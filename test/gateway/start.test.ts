import { describe, expect, it } from 'vitest';
import { DealsUnavailable } from '../../src/gateway/deals.js';
import { aGateway, aStart } from './a-gateway.js';

const start = (gateway: ReturnType<typeof aGateway>, body: Record<string, unknown> | string) =>
  gateway.as('crm', { method: 'POST', url: '/deals', payload: body, headers: { 'content-type': 'application/json' } });

const entries = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, index) => [`k${index}`, 'x']));

describe('POST /deals', () => {
  it('starts the deal with the policy of its document type and its signers in order', async () => {
    const gateway = aGateway();
    const answer = await start(gateway, aStart());
    expect([answer.statusCode, answer.json()]).toEqual([202, { workflowId: 'deal-42', started: true }]);
    expect(gateway.deals.started).toEqual([
      {
        dealId: '42',
        round: 1,
        documentType: 'order-form',
        document: { uri: 'file:contracts/order-form.pdf' },
        parties: [
          { email: 'ada@customer.example', name: 'Ada Customer', role: 'Customer', order: 1, kind: 'signer' },
          { email: 'bob@seller.example', order: 2, kind: 'signer' },
        ],
        policy: expect.objectContaining({ provider: 'atlas', upload: 'multipart' }) as unknown,
      },
    ]);
  });

  it('attaches to a deal that is open', async () => {
    const gateway = aGateway();
    gateway.deals.answers.start = () => ({ kind: 'attached', workflowId: 'deal-42' });
    const answer = await start(gateway, aStart());
    expect([answer.statusCode, answer.json()]).toEqual([202, { workflowId: 'deal-42', started: false }]);
  });

  it('refuses a deal that has ended, with its outcome and the way to do it again', async () => {
    const gateway = aGateway();
    gateway.deals.answers.start = () => ({ kind: 'ended', workflowId: 'deal-42', outcome: 'declined' });
    const answer = await start(gateway, aStart());
    expect(answer.statusCode).toBe(409);
    expect(answer.headers['content-type']).toMatch(/^application\/problem\+json/);
    expect(answer.json()).toMatchObject({
      type: 'urn:countersign:problem:deal-ended',
      title: 'Conflict',
      status: 409,
      outcome: 'declined',
      detail: expect.stringContaining('"round": 2') as unknown,
    });
  });

  it('refuses a workflow id that another deal has', async () => {
    const gateway = aGateway();
    gateway.deals.answers.start = () => ({ kind: 'taken', workflowId: 'deal-42-2' });
    const answer = await start(gateway, aStart({ dealId: '42-2' }));
    expect([answer.statusCode, answer.json()]).toMatchObject([
      409,
      { type: 'urn:countersign:problem:workflow-id-taken' },
    ]);
  });

  it('lets rounds follow each other one by one only', async () => {
    const gateway = aGateway();
    gateway.deals.answers.start = () => ({ kind: 'other-round', round: 1, open: true });
    expect((await start(gateway, aStart({ round: 2 }))).json()).toMatchObject({ status: 409 });
    gateway.deals.answers.start = () => ({ kind: 'not-next', round: 3 });
    expect((await start(gateway, aStart({ round: 3 }))).json()).toMatchObject({
      status: 422,
      errors: [{ path: 'round', message: expect.stringContaining('round 2 of deal 42 is not known') as unknown }],
    });
  });

  it.each([
    ['no dealId', { dealId: undefined }, 'dealId', 'is missing'],
    ['an address for a dealId', { dealId: 'ada@customer.example' }, 'dealId', 'must be 1 to 120'],
    [
      'an unknown document type',
      { documentType: 'lease' },
      'documentType',
      'which knows order-form, linked, templated',
    ],
    ['no document', { document: undefined }, 'document', 'is missing: contracts of the type order-form are made from'],
    ['a document without a scheme', { document: { uri: '/etc/passwd' } }, 'document.uri', 'must begin with file:'],
    [
      'a document of nowhere',
      { document: { uri: 'ftp://b/x.pdf' } },
      'document.uri',
      'must begin with file:, https: or s3:',
    ],
    ['a local document that Atlas shall fetch', { documentType: 'linked' }, 'document.uri', 'must begin with https:'],
    ['nobody to sign', { parties: [] }, 'parties', 'at least one signer'],
    ['only copies', { parties: [{ email: 'a@b.example', role_type: 'cc' }] }, 'parties', 'at least one signer'],
    ['a broken address', { parties: [{ email: 'ada' }] }, 'parties[0].email', 'must be an e-mail address'],
    [
      'a misspelt field of a party',
      { parties: [{ email: 'a@b.example', rolle: 'x' }] },
      'parties[0].rolle',
      'is not known',
    ],
    [
      'two signers in one place',
      {
        parties: [
          { email: 'a@b.example', order: 1 },
          { email: 'c@d.example', order: 1 },
        ],
      },
      'parties',
      'same order',
    ],
    ['a round before the first', { round: 0 }, 'round', '>=1'],
    ['a template of its own', { template: { id: 't' } }, 'template', 'is chosen by the document type'],
    ['a prefill without a template', { prefill: { name: 'x' } }, 'prefill', 'order-form has none; leave it out'],
    ['metadata that is no object', { metadata: ['a'] }, 'metadata', 'must be an object of texts by name'],
    ['a number in the metadata', { metadata: { a: 1 } }, 'metadata.a', 'must be text'],
    ['a long text in the metadata', { metadata: { a: 'x'.repeat(501) } }, 'metadata.a', 'at most 500 characters'],
    ['too much metadata', { metadata: entries(51) }, 'metadata', 'at most 50 texts'],
    ['a long name in the metadata', { metadata: { ['k'.repeat(41)]: 'x' } }, `metadata.${'k'.repeat(41)}`, '1 to 40'],
    ['our own reference', { metadata: { external_id: 'x' } }, 'metadata.external_id', 'is a reserved name'],
    ['our own id', { metadata: { client_reference_id: 'x' } }, 'metadata.client_reference_id', 'is a reserved name'],
    ['a number for a dealId', { dealId: 42 }, 'dealId', 'expected string'],
    ['a field nobody knows', { dealID: '42' }, 'dealID', 'is not known'],
  ])('refuses %s and names the field', async (_what, over, path, message) => {
    const gateway = aGateway();
    const answer = await start(gateway, aStart(over));
    expect(answer.statusCode).toBe(422);
    expect(answer.json()).toMatchObject({
      type: 'urn:countersign:problem:invalid-body',
      errors: expect.arrayContaining([{ path, message: expect.stringContaining(message) as unknown }]) as unknown,
    });
    expect(gateway.deals.started).toEqual([]);
  });

  it('takes over an envelope that is there, with its own parties or those that are named', async () => {
    const gateway = aGateway();
    const deal = { dealId: '42', documentType: 'order-form', envelopeId: 'env-7' };
    expect((await start(gateway, deal)).statusCode).toBe(202);
    expect((await start(gateway, { ...deal, parties: aStart().parties })).statusCode).toBe(202);
    expect(gateway.deals.started).toMatchObject([
      { envelopeId: 'env-7', parties: [] },
      { envelopeId: 'env-7', parties: [{ order: 1, kind: 'signer' }, { order: 2 }] },
    ]);
    expect(gateway.deals.started[0]).not.toHaveProperty('document');
  });

  it('refuses what an envelope that is there has already, and one of another deal', async () => {
    const gateway = aGateway();
    const both = await start(gateway, aStart({ envelopeId: 'env-7', prefill: { a: 'b' } }));
    expect(both.json()).toMatchObject({ status: 422, errors: [{ path: 'document' }, { path: 'prefill' }] });
    expect((await start(gateway, aStart({ parties: undefined }))).json()).toMatchObject({
      errors: [{ path: 'parties', message: 'is missing' }],
    });
    expect((await start(gateway, { ...aStart(), document: undefined, envelopeId: 'a" OR' })).statusCode).toBe(422);
    gateway.deals.answers.start = () => ({ kind: 'envelope-taken', workflowId: 'deal-41' });
    const taken = await start(gateway, { dealId: '42', documentType: 'order-form', envelopeId: 'env-7' });
    expect(taken.json()).toMatchObject({
      status: 409,
      type: 'urn:countersign:problem:envelope-taken',
      workflowId: 'deal-41',
    });
  });

  it('hands metadata on to the envelope', async () => {
    const gateway = aGateway();
    const metadata = { stripe_customer_id: 'cus_1', is_test: 'true' };
    expect((await start(gateway, aStart({ metadata }))).statusCode).toBe(202);
    expect(gateway.deals.started).toMatchObject([{ metadata }]);
  });

  it.each([
    ['malformed JSON', '{"dealId": ', 400, 'malformed-json'],
    ['a poisoned prototype', '{"__proto__": {"x": 1}}', 400, 'malformed-json'],
    ['an empty body', '', 400, 'malformed-json'],
    ['a list', '[]', 422, 'invalid-body'],
  ])('refuses %s', async (_what, body, status, kind) => {
    const gateway = aGateway();
    const answer = await start(gateway, body);
    expect(answer.json()).toMatchObject({ status, type: `urn:countersign:problem:${kind}` });
    expect(gateway.deals.started).toEqual([]);
  });

  it('refuses a body that is not JSON, and one over 1 MiB', async () => {
    const gateway = aGateway();
    const text = { method: 'POST', url: '/deals', payload: '{}', headers: { 'content-type': 'text/plain' } } as const;
    expect((await gateway.as('crm', text)).json()).toMatchObject({ status: 415 });
    const large = await start(gateway, JSON.stringify(aStart({ documentType: 'x'.repeat(1024 * 1024) })));
    expect(large.json()).toMatchObject({ status: 413, type: 'urn:countersign:problem:body-too-large' });
    expect(gateway.deals.started).toEqual([]);
  });

  it('asks to try again when Temporal is away', async () => {
    const gateway = aGateway();
    gateway.deals.answers.start = () => {
      throw new DealsUnavailable('temporal-unavailable', 'Temporal cannot be reached.');
    };
    const answer = await start(gateway, aStart());
    expect([answer.statusCode, answer.headers['retry-after']]).toEqual([503, '5']);
    expect(answer.json()).toMatchObject({ detail: 'Temporal cannot be reached.' });
  });

  it('says nothing of an error that nobody foresaw but where to find it', async () => {
    const gateway = aGateway();
    gateway.deals.answers.start = () => {
      throw new Error('ada@customer.example broke it');
    };
    const answer = await start(gateway, aStart());
    const { requestId, detail } = answer.json<{ requestId: string; detail: string }>();
    expect(answer.statusCode).toBe(500);
    expect(detail).not.toContain('ada');
    expect(requestId).toBe(answer.headers['x-request-id']);
    expect(gateway.log()).toContain(requestId);
  });
});

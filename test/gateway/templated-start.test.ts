import { describe, expect, it } from 'vitest';
import { aGateway, aStart, aTemplatedStart } from './a-gateway.js';

const post = (gateway: ReturnType<typeof aGateway>, payload: Record<string, unknown>) =>
  gateway.as('crm', { method: 'POST', url: '/deals', payload });

describe('a deal whose document type names a template', () => {
  it('starts with its properties as texts under the template’s own keys, and with no others', async () => {
    const gateway = aGateway();
    const prefill = { company: 'Acme Ltd', price: 1200.5, paid: true };
    expect((await post(gateway, aTemplatedStart({ prefill }))).statusCode).toBe(202);
    expect(gateway.deals.started).toEqual([
      {
        dealId: '42',
        round: 1,
        documentType: 'templated',
        prefill: { customer_name: 'Acme Ltd', payer: 'Acme Ltd', amount: '1200.5' },
        parties: [
          { email: 'ada@customer.example', role: 'Customer', order: 1, kind: 'signer' },
          { email: 'bob@seller.example', role: 'Company', order: 2, kind: 'signer' },
        ],
        policy: expect.objectContaining({ template: expect.anything() as unknown }) as unknown,
      },
    ]);
  });

  it('may bring its own document, which is then a draft like any other', async () => {
    const gateway = aGateway();
    expect((await post(gateway, aStart({ documentType: 'templated' }))).statusCode).toBe(202);
    expect(gateway.deals.started).toMatchObject([{ document: { uri: 'file:contracts/order-form.pdf' } }]);
    expect(gateway.deals.started[0]).not.toHaveProperty('prefill');
  });

  it('may have people in copy who have no role', async () => {
    const gateway = aGateway();
    const parties = [
      { email: 'files@seller.example', role_type: 'cc' },
      { email: 'ada@customer.example', role: 'Customer' },
    ];
    expect((await post(gateway, aTemplatedStart({ parties }))).statusCode).toBe(202);
  });

  it('is told every property that is missing, with what the template fills with it', async () => {
    const answer = await post(aGateway(), aTemplatedStart({ prefill: undefined }));
    expect(answer.json()).toMatchObject({
      status: 422,
      errors: [
        { path: 'prefill.company', message: 'is missing; the template of templated fills customer_name with it' },
        { path: 'prefill.company', message: 'is missing; the template of templated fills payer with it' },
        { path: 'prefill.price', message: 'is missing; the template of templated fills amount with it' },
      ],
    });
  });

  it.each([
    ['an empty property', { prefill: { company: ' ', price: 1 } }, 'prefill.company', 'is empty; the template of'],
    ['a property that only looks given', { prefill: { price: 1, toString: 'x' } }, 'prefill.company', 'is missing'],
    [
      'a list as a property',
      { prefill: { company: ['a'] } },
      'prefill.company',
      'must be text, a number, true or false',
    ],
    ['no value at all', { prefill: { company: null } }, 'prefill.company', 'must be text, a number, true or false'],
    ['a long text', { prefill: { company: 'x'.repeat(2001) } }, 'prefill.company', 'at most 2,000 characters'],
    ['a text for a prefill', { prefill: 'Acme' }, 'prefill', 'must be an object of properties by name'],
    ['a property without a name', { prefill: { '': 'x' } }, 'prefill.', 'a name of 1 to 100 characters'],
    [
      'too many properties',
      { prefill: Object.fromEntries(Array.from({ length: 101 }, (_, index) => [`p${index}`, index])) },
      'prefill',
      'at most 100 properties',
    ],
    [
      'a prefill beside a document',
      { document: { uri: 'file:a.pdf' } },
      'prefill',
      'fills the template only, and this deal brings its own document',
    ],
    [
      'a signer without a role',
      { parties: [{ email: 'files@b.example', role_type: 'cc' }, { email: 'ada@customer.example' }] },
      'parties[1].role',
      'is missing; the template of templated knows its signers by their roles',
    ],
    [
      'two signers in one role',
      {
        parties: [
          { email: 'ada@customer.example', role: 'Customer' },
          { email: 'eve@customer.example', role: 'Customer' },
        ],
      },
      'parties[1].role',
      'is the role of another signer',
    ],
  ])('is refused with %s', async (_what, over, path, message) => {
    const gateway = aGateway();
    const answer = await post(gateway, aTemplatedStart(over));
    expect(answer.json()).toMatchObject({
      status: 422,
      errors: expect.arrayContaining([{ path, message: expect.stringContaining(message) as unknown }]) as unknown,
    });
    expect(gateway.deals.started).toEqual([]);
  });
});

import { describe, expect, it } from 'vitest';
import { ACTIONS } from '../../../src/deal/messages.js';
import { DealsUnavailable } from '../../../src/gateway/deals.js';
import { aConsole, aSnapshot, hidden, textOf } from './a-console.js';

const out = () =>
  aSnapshot('out-for-signature', { actions: ['amend', 'remind', 'cancel'], credits: { spent: 1, refunded: 0 } });
const inReview = (over: Parameters<typeof aSnapshot>[1] = {}) =>
  aSnapshot('in-review', { actions: ['approve', 'reject', 'amend', 'cancel'], fieldsVersion: 3, ...over });

describe('an approval', () => {
  it('says what it will do before anybody presses the button', async () => {
    const console = await aConsole('reviewer');
    console.shows(inReview());
    const text = textOf((await console.get('/console/deals/42/approve')).body);
    expect(text).toContain('This sends the contract to 2 signers and costs one credit.');
    expect(text).toContain('They sign in turn: Customer, then Company.');
    expect(text).toContain('Approve and send');
    expect(console.gateway.deals.told).toEqual([]);
  });

  it('is of the version of the fields that was looked at, in the name of who is logged in', async () => {
    const console = await aConsole('reviewer');
    console.shows(inReview());
    const deal = await console.get('/console/deals/42');
    expect(deal.body).toContain('href="/console/deals/42/approve?fieldsVersion=3"');
    const form = await console.get('/console/deals/42/approve?fieldsVersion=3');
    const fields = {
      key: hidden(form.body, 'key'),
      fieldsVersion: hidden(form.body, 'fieldsVersion'),
      note: ' prices checked ',
    };
    expect(fields.key).toMatch(/^[0-9a-f-]{36}$/);
    const done = await console.post('/console/deals/42/approve', { ...fields, reviewer: 'somebody else', by: 'x' });
    expect([done.statusCode, done.headers.location]).toEqual([303, '/console/deals/42']);
    expect(console.gateway.deals.told).toMatchObject([
      {
        dealId: '42',
        name: 'review',
        message: { decision: 'approve', fieldsVersion: 3, note: 'prices checked', reviewer: 'rita' },
      },
    ]);
  });

  it('warns when the fields have changed since the deal was opened', async () => {
    const console = await aConsole('reviewer');
    console.shows(inReview({ fieldsVersion: 4 }));
    const stale = textOf((await console.get('/console/deals/42/approve?fieldsVersion=3')).body);
    expect(stale).toContain('they are at version 4 now. Look at the draft again');
    expect(textOf((await console.get('/console/deals/42/approve?fieldsVersion=4')).body)).not.toContain('have changed');
  });

  it('that was refused since the fields changed is asked for anew, of the new version', async () => {
    const console = await aConsole('reviewer');
    console.shows(inReview({ fieldsVersion: 4 }));
    const why = 'the fields are at version 4 now: look again, then decide';
    console.gateway.deals.answers.tell = () => ({ kind: 'not-now', workflowId: 'deal-42', why });
    const again = await console.post('/console/deals/42/approve', { key: 'k1', fieldsVersion: '3', note: 'kept' });
    expect(again.statusCode).toBe(409);
    expect(textOf(again.body)).toContain(why);
    expect(again.body).toContain('>kept</textarea>');
    expect(hidden(again.body, 'fieldsVersion')).toBe('4');
    expect(hidden(again.body, 'key')).not.toBe('k1');
  });
});

describe('every action', () => {
  it.each([
    ['approve', { note: '' }, 'review', { decision: 'approve', reviewer: 'olaf' }],
    ['reject', { note: 'wrong price' }, 'review', { decision: 'reject', note: 'wrong price', reviewer: 'olaf' }],
    ['cancel', { note: 'lost' }, 'cancel', { reason: 'lost', by: 'olaf' }],
    ['remind', {}, 'remind', { by: 'olaf' }],
    ['resume', {}, 'resume', { by: 'olaf' }],
    ['resume', { note: 'bought credits' }, 'resume', { note: 'bought credits', by: 'olaf' }],
    [
      'amend',
      { note: 'typo', document: 'file:b.pdf' },
      'amend',
      { reason: 'typo', document: { uri: 'file:b.pdf' }, by: 'olaf' },
    ],
  ])('%s with %j tells the deal', async (action, fields, name, message) => {
    const console = await aConsole('operator');
    const answer = await console.post(`/console/deals/42/${action}`, { key: 'k', ...fields });
    expect(answer.statusCode).toBe(303);
    expect(console.gateway.deals.told).toEqual([
      { dealId: '42', name, message, updateId: expect.any(String) as unknown },
    ]);
  });

  it('is told once on the page of the deal, and not to a look that the page takes by itself', async () => {
    const console = await aConsole('operator');
    await console.post('/console/deals/42/remind', { key: 'k' });
    const words = 'Reminder asked. The signer is mailed now.';
    expect((await console.get('/console/deals/42', { 'x-console-refresh': 'yes' })).body).not.toContain(words);
    expect((await console.get('/console/deals/43')).body).not.toContain(words);
    expect((await console.get('/console/deals/42')).body).toContain(words);
    expect((await console.get('/console/deals/42')).body).not.toContain(words);
  });

  it('that the deal had taken already, or takes later, is told so', async () => {
    const console = await aConsole('operator');
    const { answers } = console.gateway.deals;
    answers.tell = () => ({ kind: 'taken', workflowId: 'deal-42', repeat: true });
    await console.post('/console/deals/42/remind', { key: 'k' });
    expect(textOf((await console.get('/console/deals/42')).body)).toContain('the deal had taken that already');
    answers.tell = () => ({ kind: 'queued', workflowId: 'deal-42' });
    await console.post('/console/deals/42/remind', { key: 'k' });
    expect(textOf((await console.get('/console/deals/42')).body)).toContain(
      'in the midst of a step and takes it afterwards',
    );
  });

  it('pressed twice counts once: the same form is the same message', async () => {
    const console = await aConsole('operator');
    console.shows(out());
    const first = hidden((await console.get('/console/deals/42')).body, 'key');
    const fields = { key: first };
    await Promise.all([
      console.post('/console/deals/42/remind', fields),
      console.post('/console/deals/42/remind', fields),
    ]);
    const another = hidden((await console.get('/console/deals/42')).body, 'key');
    await console.post('/console/deals/42/remind', { key: another });
    const ids = console.gateway.deals.told.map(({ updateId }) => updateId);
    expect(ids[0]).toBe(ids[1]);
    expect(ids[2]).not.toBe(ids[0]);
  });

  it('keeps what was typed, and its key, when Temporal is away', async () => {
    const console = await aConsole('operator');
    const away = (): never => {
      throw new DealsUnavailable('no-worker', 'No worker took the cancel in time. It may still arrive.');
    };
    Object.assign(console.gateway.deals.answers, { tell: away, read: away });
    const answer = await console.post('/console/deals/42/cancel', { key: 'k1', note: 'the customer left' });
    expect(answer.statusCode).toBe(503);
    expect(textOf(answer.body)).toContain('Not done. No worker took the cancel in time. It may still arrive.');
    expect(answer.body).toContain('>the customer left</textarea>');
    expect(hidden(answer.body, 'key')).toBe('k1');
    expect(answer.body).not.toContain('data-refresh');
  });

  it('that an ended deal refuses is told with how it ended', async () => {
    const console = await aConsole('operator');
    console.gateway.deals.answers.tell = () => ({ kind: 'ended', workflowId: 'deal-42', outcome: 'declined' });
    const answer = await console.post('/console/deals/42/cancel', { key: 'k', note: 'lost' });
    expect(answer.statusCode).toBe(409);
    expect(textOf(answer.body)).toContain('The deal has ended: declined.');
  });

  it('is not offered while the deal would not take it', async () => {
    const console = await aConsole('operator');
    console.shows(aSnapshot('filing', { actions: [] }));
    for (const action of ACTIONS) {
      const answer = await console.get(`/console/deals/42/${action}`);
      expect([action, answer.statusCode]).toEqual([action, 409]);
      expect(answer.body).not.toMatch(/<form[^>]*action="\/console\/deals/);
    }
    console.shows(aSnapshot('expired', { actions: ['cancel'] }));
    expect((await console.get('/console/deals/42')).body).not.toContain('/console/deals/42/cancel');
  });

  it.each(['reject', 'cancel', 'amend'])('%s wants a reason', async (action) => {
    const console = await aConsole('operator');
    console.shows(inReview());
    const answer = await console.post(`/console/deals/42/${action}`, { key: 'k', note: '  ', document: 'file:b.pdf' });
    expect(answer.statusCode).toBe(422);
    expect(answer.body).toMatch(/<textarea id="note"[^>]*aria-invalid="true"/);
    expect(answer.body).toContain('<a href="#note">');
    expect(console.gateway.deals.told).toEqual([]);
  });
});

describe('what is sent or voided', () => {
  it('is told before it is done', async () => {
    const console = await aConsole('operator');
    const words = async (action: string) => textOf((await console.get(`/console/deals/42/${action}`)).body);
    console.shows({
      ...out(),
      parties: [
        { role: 'Customer', order: 1, status: 'signed' },
        { role: 'Company', order: 2, status: 'pending' },
      ],
    });
    expect(await words('cancel')).toContain('This voids the contract that is out and ends the deal');
    expect(await words('cancel')).toContain('1 signature given so far will not count.');
    expect(await words('amend')).toContain('Sending the new one costs another credit.');
    expect(await words('remind')).toContain('This mails a reminder to Company (signer 2).');
    console.shows(inReview());
    expect(await words('cancel')).toContain('Nothing is sent to anybody.');
    expect(await words('amend')).toContain('reviewed again before anything is sent');
  });

  it('is asked for on a page of its own; what is harmless is done from the page of the deal', async () => {
    const console = await aConsole('operator');
    console.shows(aSnapshot('in-review', { actions: [...ACTIONS] }));
    const { body } = await console.get('/console/deals/42');
    const posted = [...body.matchAll(/<form method="post" action="\/console\/deals\/42\/(\w+)"/g)].map(
      ([, action]) => action,
    );
    expect(posted.sort()).toEqual(['remind', 'resume']);
    for (const action of ['approve', 'reject', 'amend', 'cancel']) {
      expect(body).toMatch(new RegExp(`href="/console/deals/42/${action}[?"]`));
    }
  });
});

describe('an amend', () => {
  const row = (number: number, over: Record<string, string> = {}): Record<string, string> =>
    Object.fromEntries(
      Object.entries({ email: '', name: '', role: '', order: String(number), kind: 'signer', ...over }).map(
        ([name, value]) => [`party-${number}-${name}`, value],
      ),
    );

  it('offers a row for each party, with what is known of it, and says that all are given anew', async () => {
    const console = await aConsole('operator');
    console.shows(
      inReview({
        parties: [
          { role: 'Customer', order: 1, status: 'waiting' },
          { role: 'signer 2', order: 2, status: 'waiting' },
          { role: 'cc', order: 3, status: 'copied' },
        ],
      }),
    );
    const { body } = await console.get('/console/deals/42/amend');
    expect(body.match(/id="party-\d-email"/g)).toHaveLength(3);
    expect(body).toMatch(/name="party-1-role"[^>]*value="Customer"/);
    expect(body).toMatch(/name="party-2-role"[^>]*value(=""|[ /])/);
    expect(textOf(body)).toContain('To change one party, give all of them anew');
  });

  it('sends the new parties as a whole', async () => {
    const console = await aConsole('operator');
    const answer = await console.post('/console/deals/42/amend', {
      key: 'k',
      note: 'wrong person',
      ...row(1, { email: ' eva@customer.example ', name: 'Eva', role: 'Customer' }),
      ...row(2, { email: 'bob@seller.example', role: 'Company', order: '' }),
      ...row(3, { email: 'lea@seller.example', kind: 'cc' }),
      ...row(4, { role: 'Witness', kind: 'none' }),
    });
    expect(answer.statusCode).toBe(303);
    expect(console.gateway.deals.told).toMatchObject([
      {
        name: 'amend',
        message: {
          reason: 'wrong person',
          by: 'olaf',
          parties: [
            { email: 'eva@customer.example', name: 'Eva', role: 'Customer', order: 1, kind: 'signer' },
            { email: 'bob@seller.example', role: 'Company', order: 2, kind: 'signer' },
            { email: 'lea@seller.example', order: 3, kind: 'cc' },
          ],
        },
      },
    ]);
    expect(console.gateway.log()).not.toMatch(/eva@|Eva/);
  });

  it('with an address missing loses no signer, and names the row', async () => {
    const console = await aConsole('operator');
    console.shows(inReview());
    const answer = await console.post('/console/deals/42/amend', {
      key: 'k',
      note: 'typo',
      ...row(1, { role: 'Customer', kind: 'none' }),
      ...row(2, { email: 'eva@customer.example', role: 'Company' }),
      ...row(3, { role: 'Witness', name: '<i>Wil</i>' }),
      ...row(4, { email: 'no address', order: 'x' }),
    });
    expect(answer.statusCode).toBe(422);
    const text = textOf(answer.body);
    expect(text).toContain('Party 3, e-mail: is missing');
    expect(text).toContain('Party 4, e-mail: must be an e-mail address');
    expect(text).toContain('Party 4, order:');
    expect(answer.body).toMatch(/id="party-3-email"[^>]*aria-invalid="true"/);
    expect(answer.body).not.toMatch(/id="party-2-email"[^>]*aria-invalid/);
    expect(answer.body).toMatch(/id="party-2-email"[^>]*value="eva@customer.example"/);
    expect(answer.body).toContain('value="&lt;i>Wil&lt;/i>"');
    expect(console.gateway.deals.told).toEqual([]);
  });

  it('of nothing is refused, and so is a document that cannot be fetched', async () => {
    const console = await aConsole('operator');
    console.shows(inReview());
    const nothing = await console.post('/console/deals/42/amend', {
      key: 'k',
      note: 'why',
      ...row(1, { role: 'Customer' }),
    });
    expect(textOf(nothing.body)).toContain('Give new parties, a new document, or both');
    const wrong = await console.post('/console/deals/42/amend', { key: 'k', note: 'why', document: 'ftp://x' });
    expect(wrong.statusCode).toBe(422);
    expect(textOf(wrong.body)).toContain('New document: must begin with file:, https: or s3:');
  });

  it('takes more parties than there were, without script', async () => {
    const console = await aConsole('operator');
    console.shows(inReview());
    const fields = { key: 'k', note: 'one more', more: 'party', ...row(1, { email: 'eva@customer.example' }) };
    const answer = await console.post('/console/deals/42/amend', fields);
    expect(answer.statusCode).toBe(200);
    expect(answer.body.match(/id="party-\d-email"/g)).toHaveLength(2);
    expect(answer.body).toMatch(/id="party-1-email"[^>]*value="eva@customer.example"/);
    expect(answer.body).toContain('>one more</textarea>');
    expect(console.gateway.deals.told).toEqual([]);
  });
});

import { describe, expect, it } from 'vitest';
import { PDFDocument } from '@cantoo/pdf-lib';
import { DocusignError, type DocusignAccount, type DocusignCall } from '../../src/docusign/account.js';
import { createDocusignProvider } from '../../src/signing/docusign/provider.js';
import { transactionIdOf } from '../../src/signing/docusign/transaction-id.js';
import { aContract, aDocusignWorld, FIELDS, PARTIES, providerErrorOf } from './local-docusign.js';

const ID = 'e1e1e1e1-83c3-4940-af5e-cda8a50dd73f';

describe('a draft', () => {
  it('is made with its parties in turn, its fields by anchor and what finds it again, and mails nobody', async () => {
    const { provider, sandbox, draft } = await aDocusignWorld();
    const made = await provider.createEnvelope(
      draft({ subject: 'Order form', metadata: { replaces: 'x'.repeat(200), external_id: 'not this' } }),
      'a key',
    );
    expect(made.reviewUrl).toBe('https://countersign.example/review/42');
    const [envelope] = sandbox.envelopes.list();
    expect(envelope).toMatchObject({
      envelopeId: made.envelopeId,
      status: 'created',
      emailSubject: 'Order form',
      transactionId: transactionIdOf('deal-42/r1'),
    });
    expect(envelope?.customFields.map(({ name, value, show }) => [name, value, show])).toEqual([
      ['external_id', 'deal-42/r1', 'false'],
      ['client_reference_id', '42', 'false'],
      ['replaces', 'x'.repeat(100), 'false'],
    ]);
    expect(
      envelope?.recipients.map(({ kind, name, routingOrder, roleName, tabs }) => [
        kind,
        name,
        routingOrder,
        roleName,
        tabs.map(({ type, pageNumber }) => `${type} ${pageNumber}`),
      ]),
    ).toEqual([
      ['signers', 'Ann Lee', 1, 'Customer', ['signHereTabs 1', 'dateSignedTabs 1']],
      ['signers', 'bob@seller.test', 2, 'Seller', ['signHereTabs 2', 'textTabs 2']],
      ['carbonCopies', 'files@seller.test', 3, null, []],
    ]);
    expect(envelope?.subscriptions).toEqual([]);
    expect(sandbox.envelopes.notices.mails).toEqual([]);
    expect(await provider.fields(made.envelopeId)).toEqual([
      { kind: 'signature', role: 'Customer', page: 1 },
      { kind: 'date', role: 'Customer', page: 1 },
      { kind: 'signature', role: 'Seller', page: 2 },
      { kind: 'text', role: 'Seller', page: 2 },
    ]);
  });

  it('asks Connect for what moves deals, signed and without documents', async () => {
    const { envelope, sandbox } = await aDocusignWorld();
    await envelope({ over: { webhookUrl: 'https://countersign.example/webhooks/docusign' } });
    expect(sandbox.envelopes.list()[0]?.subscriptions).toEqual([
      expect.objectContaining({
        url: 'https://countersign.example/webhooks/docusign',
        events: ['envelope-sent', 'envelope-completed', 'envelope-declined', 'envelope-voided', 'recipient-completed'],
        includeData: ['custom_fields'],
        includeHmac: true,
        requireAcknowledgment: true,
        json: true,
      }),
    ]);
  });

  it('keeps ids that are longer than a custom field, and is found by them', async () => {
    const { provider, envelope } = await aDocusignWorld();
    const externalId = `deal-${'a'.repeat(115)}-2/r1`;
    await envelope({ over: { externalId: `deal-${'a'.repeat(115)}-3/r1` } });
    const envelopeId = await envelope({ over: { externalId, clientReferenceId: 'a'.repeat(115) } });
    expect(await provider.findEnvelopes(externalId)).toEqual([
      expect.objectContaining({
        envelopeId,
        externalId,
        reviewUrl: `https://countersign.example/review/${'a'.repeat(115)}`,
      }),
    ]);
  });

  it('is refused with the anchors that are not in the document', async () => {
    const { provider, draft, sandbox } = await aDocusignWorld();
    const fields = [...FIELDS, { kind: 'initials' as const, role: 'Seller', anchor: '/nowhere/' }];
    const failure = await providerErrorOf(provider.createEnvelope(draft({ fields }), 'a key'));
    expect([failure.kind, failure.message]).toEqual([
      'invalid',
      'an anchor of a field is not in the document: “/nowhere/”',
    ]);
    expect(sandbox.envelopes.list()).toEqual([]);
  });

  it('takes an anchor for none where it is only part of a longer one', async () => {
    const { provider, draft } = await aDocusignWorld();
    const document = { name: 'a.pdf', contentType: 'application/pdf' as const, bytes: await aContract(['here: s10']) };
    const fields = [{ kind: 'signature' as const, role: 'Customer', anchor: 's1' }];
    const failure = await providerErrorOf(provider.createEnvelope(draft({ fields, document }), 'a key'));
    expect([failure.kind, failure.message]).toEqual(['invalid', 'an anchor of a field is not in the document: “s1”']);
  });

  it.each([
    [
      'a field for a role that nobody has',
      { fields: [{ kind: 'signature', role: 'Witness', anchor: '/s1/' }] },
      '“/s1/” (Witness)',
    ],
    ['a link instead of a document', { document: undefined, documentUrl: 'https://example.com/a.pdf' }, 'links'],
    [
      'an address that is too long',
      { parties: [{ email: `${'a'.repeat(100)}@b.test`, order: 1, kind: 'signer' }], fields: [] },
      'party 1',
    ],
  ] as const)('is not asked for with %s', async (_what, over, told) => {
    const { provider, draft, calls } = await aDocusignWorld();
    const failure = await providerErrorOf(
      provider.createEnvelope({ ...draft(), ...over } as Parameters<typeof provider.createEnvelope>[0], 'a key'),
    );
    expect([failure.kind, failure.message]).toEqual(['invalid', expect.stringContaining(told)]);
    expect(calls).toEqual([]);
  });
});

describe('an envelope whose create was left without an answer', () => {
  it('is found, also when it is not to be found at once, every one of it, newest first', async () => {
    const { provider, sandbox, draft } = await aDocusignWorld(
      { transaction_delay_ms: 300, list_delay_ms: 300 },
      { looksMs: [0, 200, 300] },
    );
    sandbox.faults.add([
      { kind: 'drop-after', route: 'POST .*/envelopes$', times: 1, skip: 0, ms: 0, content_length: 'cut' },
    ]);
    expect((await providerErrorOf(provider.createEnvelope(draft(), 'a key'))).kind).toBe('unreachable');
    const [found] = await provider.findEnvelopes('deal-42/r1');
    expect(found).toMatchObject({ status: 'draft', sent: false, externalId: 'deal-42/r1' });
    const second = await provider.createEnvelope(draft(), 'a key');
    await new Promise((resolve) => setTimeout(resolve, 320));
    expect((await provider.findEnvelopes('deal-42/r1')).map(({ envelopeId }) => envelopeId)).toEqual([
      second.envelopeId,
      found?.envelopeId,
    ]);
  });

  it.each(['omit', 'error'] as const)('is none when there is none (%s)', async (unknown_transaction) => {
    const { provider, envelope } = await aDocusignWorld({ unknown_transaction });
    await envelope();
    expect(await provider.findEnvelopes('deal-42/r11')).toEqual([]);
    expect(await provider.findEnvelopes('deal-42/r')).toEqual([]);
  });

  it('is found by its own key when DocuSign has forgotten the transaction', async () => {
    const { provider, envelope } = await aDocusignWorld({ transaction_days: 0 });
    const envelopeId = await envelope();
    expect(await provider.findEnvelopes('deal-42/r1')).toMatchObject([{ envelopeId }]);
  });
});

describe('reading back', () => {
  it('tells how an envelope goes on, without a call that DocuSign counts as polling', async () => {
    const { provider, sandbox, envelope, calls } = await aDocusignWorld();
    const envelopeId = await envelope();
    const statuses = async () => {
      const { status, sent, parties, fieldsStatus } = await provider.readEnvelope(envelopeId);
      return [status, sent, fieldsStatus, parties?.map((party) => `${party.role} ${party.order} ${party.status}`)];
    };
    expect(await statuses()).toEqual([
      'draft',
      false,
      'ready',
      ['Customer 1 waiting', 'Seller 2 waiting', 'cc 3 copied'],
    ]);
    await provider.sendEnvelope(envelopeId, { parties: PARTIES, fieldsVersion: null }, 'a key');
    expect(await statuses()).toEqual([
      'pending',
      true,
      'ready',
      ['Customer 1 pending', 'Seller 2 waiting', 'cc 3 copied'],
    ]);
    const out = sandbox.envelopes.of(null, envelopeId);
    sandbox.envelopes.signing.sign(out, null);
    expect(await statuses()).toEqual([
      'pending',
      true,
      'ready',
      ['Customer 1 signed', 'Seller 2 pending', 'cc 3 copied'],
    ]);
    sandbox.envelopes.signing.sign(out, null);
    expect(await statuses()).toEqual([
      'signed',
      true,
      'ready',
      ['Customer 1 signed', 'Seller 2 signed', 'cc 3 copied'],
    ]);
    expect(await provider.signers(envelopeId)).toEqual([
      { role: 'Customer', order: 1, email: 'ann@customer.test' },
      { role: 'Seller', order: 2, email: 'bob@seller.test' },
    ]);
    expect(calls.filter((call) => call.startsWith('GET /envelopes/'))).toEqual([]);
    expect(sandbox.limits.violations).toEqual([]);
  });

  it('gathers what is read at the same time in one call', async () => {
    const { provider, envelope, calls } = await aDocusignWorld();
    const ids = [await envelope(), await envelope({ over: { externalId: 'deal-43/r1' } })];
    calls.length = 0;
    const read = await Promise.all([...ids, ...ids].map((id) => provider.readEnvelope(id.toUpperCase())));
    expect(read.map(({ envelopeId }) => envelopeId)).toEqual([...ids, ...ids]);
    expect(calls).toEqual(['GET /envelopes']);
  });

  it('lets no envelope that is none stand in the way of another', async () => {
    const { provider, envelope } = await aDocusignWorld();
    const envelopeId = await envelope();
    const [found, missing, malformed] = await Promise.allSettled(
      [envelopeId, ID, 'env-1'].map((id) => provider.readEnvelope(id)),
    );
    expect(found).toMatchObject({ status: 'fulfilled', value: { envelopeId } });
    expect([missing, malformed]).toMatchObject([{ reason: { kind: 'not-found' } }, { reason: { kind: 'not-found' } }]);
  });

  it('asks one by one when DocuSign refuses to tell of all at once, but not while it is away', async () => {
    const lists: string[] = [];
    let refusal = new DocusignError('invalid', 'DocuSign answered 400', { status: 400 });
    const account = anAccountThat((call) => {
      const ids = call.query?.['envelope_ids'] ?? '';
      lists.push(ids);
      if (ids.includes(',') || ids === ID) throw refusal;
      return { envelopes: [{ envelopeId: ids, status: 'completed' }] };
    });
    const provider = createDocusignProvider(account, { reviewPage: () => '', returnPage: () => '', lookAgainMs: [] });
    const other = ID.replaceAll('e1', 'f2');
    const both = () => Promise.allSettled([ID, other].map((id) => provider.readEnvelope(id)));
    expect(await both()).toMatchObject([{ reason: { kind: 'invalid' } }, { value: { status: 'signed' } }]);
    expect(lists).toEqual([`${ID},${other}`, ID, other]);
    refusal = new DocusignError('rate-limited', 'DocuSign answered 429', { status: 429, retryAfterMs: 9_000 });
    expect(await both()).toMatchObject([
      { reason: { kind: 'rate-limited', retryAfterMs: 9_000 } },
      { reason: { kind: 'rate-limited' } },
    ]);
    expect(lists).toHaveLength(4);
  });

  it.each([
    [{ status: 'created' }, 'draft', false],
    [{ status: 'sent', sentDateTime: '2026-01-01T00:00:00.0000000Z' }, 'pending', true],
    [{ status: 'correct' }, 'pending', true],
    [{ status: 'signed' }, 'pending', true],
    [{ status: 'processing' }, 'draft', false],
    [{ status: 'processing', sentDateTime: '2026-01-01T00:00:00Z' }, 'pending', true],
    [{ status: 'timedout' }, 'voided', null],
    [{ status: 'deleted', deletedDateTime: '2026-01-01T00:00:00Z' }, 'voided', false],
    [{ status: 'created', deletedDateTime: '2026-01-01T00:00:00Z' }, 'voided', false],
    [{ status: 'deleted', completedDateTime: '2026-01-01T00:00:00Z' }, 'signed', true],
    [{ status: 'completed', deletedDateTime: '2026-01-01T00:00:00Z' }, 'signed', true],
    [{ status: 'template' }, 'unknown', null],
    [{ status: 'teleported' }, 'unknown', null],
    [{}, 'unknown', null],
  ])('reads %o as %s', async (told, status, sent) => {
    const account = anAccountThat(() => ({ envelopes: [{ envelopeId: ID, ...told }] }));
    const provider = createDocusignProvider(account, { reviewPage: () => '', returnPage: () => '' });
    expect(await provider.readEnvelope(ID)).toMatchObject({ status, sent, signedCount: null });
  });

  it('counts signers at the same turn through, and takes ids of other systems for none of ours', async () => {
    const account = anAccountThat(() => ({
      envelopes: [
        {
          envelopeId: ID,
          status: 'sent',
          recipients: {
            signers: [
              { routingOrder: '1', status: 'sent' },
              { routingOrder: '1', status: 'completed' },
            ],
          },
          customFields: {
            textCustomFields: [
              { name: 'external_id', value: 'invoice-7' },
              { name: 'client_reference_id', value: '42' },
            ],
          },
        },
      ],
    }));
    const provider = createDocusignProvider(account, { reviewPage: (id) => `/${id}`, returnPage: () => '' });
    expect(await provider.readEnvelope(ID)).toMatchObject({
      parties: [
        { role: 'signer 1', order: 1, status: 'pending' },
        { role: 'signer 2', order: 2, status: 'signed' },
      ],
      externalId: 'invoice-7',
      reviewUrl: null,
    });
    expect(await provider.signers(ID)).toBeNull();
  });

  it('has another version of the fields once somebody changed the draft', async () => {
    const { provider, sandbox, envelope } = await aDocusignWorld();
    const envelopeId = await envelope();
    const before = await provider.readEnvelope(envelopeId);
    expect((await provider.readEnvelope(envelopeId)).fieldsVersion).toBe(before.fieldsVersion);
    sandbox.advance(5);
    await sandbox.envelopes.edit(sandbox.envelopes.of(null, envelopeId), { emailSubject: 'Changed' });
    const send = provider.sendEnvelope(envelopeId, { parties: PARTIES, fieldsVersion: before.fieldsVersion }, 'a key');
    expect((await providerErrorOf(send)).kind).toBe('conflict');
    expect((await provider.readEnvelope(envelopeId)).status).toBe('draft');
  });
});

describe('sending, taking back, reminding', () => {
  it('refuses a second send with a conflict, so that whoever sent looks', async () => {
    const { provider, sandbox, envelope } = await aDocusignWorld();
    const envelopeId = await envelope({ sent: true });
    const again = provider.sendEnvelope(envelopeId, { parties: PARTIES, fieldsVersion: null }, 'a key');
    expect((await providerErrorOf(again)).kind).toBe('conflict');
    expect(sandbox.state()).toMatchObject({ sends: { [envelopeId]: 1 } });
  });

  it('voids what is out with a reason of bounded length', async () => {
    const { provider, envelope } = await aDocusignWorld();
    const envelopeId = await envelope({ sent: true });
    await provider.voidEnvelope(envelopeId, 'r'.repeat(900));
    expect(await provider.readEnvelope(envelopeId)).toMatchObject({
      status: 'voided',
      sent: true,
      reason: 'r'.repeat(200),
    });
    expect((await providerErrorOf(provider.voidEnvelope(envelopeId, 'again'))).kind).toBe('conflict');
  });

  it('puts a draft in the recycle bin, which mails nobody', async () => {
    const { provider, sandbox, envelope } = await aDocusignWorld();
    const envelopeId = await envelope();
    await provider.voidEnvelope(envelopeId, 'surplus');
    expect(await provider.readEnvelope(envelopeId)).toMatchObject({ status: 'voided', sent: false });
    expect(sandbox.envelopes.notices.mails).toEqual([]);
    expect(await provider.findEnvelopes('deal-42/r1')).toMatchObject([{ envelopeId, status: 'voided' }]);
  });

  it('reminds the signer whose turn it is, and nobody of a draft', async () => {
    const { provider, sandbox, envelope } = await aDocusignWorld();
    const envelopeId = await envelope();
    expect((await providerErrorOf(provider.remind(envelopeId))).kind).toBe('conflict');
    await provider.sendEnvelope(envelopeId, { parties: PARTIES, fieldsVersion: null }, 'a key');
    await provider.remind(envelopeId);
    expect(sandbox.envelopes.notices.mails.map(({ to, kind }) => `${kind} ${to}`)).toEqual([
      'request ann@customer.test',
      'reminder ann@customer.test',
    ]);
  });

  it('tells who declined it for what', async () => {
    const { provider, sandbox, envelope } = await aDocusignWorld();
    const envelopeId = await envelope({ sent: true });
    sandbox.envelopes.signing.decline(sandbox.envelopes.of(null, envelopeId), null, 'wrong price');
    expect(await provider.readEnvelope(envelopeId)).toMatchObject({ status: 'declined', reason: 'wrong price' });
  });

  it('leads to the draft by a link of this moment, and gives no sign link', async () => {
    const { provider, envelope } = await aDocusignWorld();
    const envelopeId = await envelope();
    const [one, other] = [await provider.reviewLink(envelopeId), await provider.reviewLink(envelopeId)];
    expect(one).not.toBe(other);
    const page = await fetch(one ?? '');
    expect([page.status, await page.text()]).toEqual([200, expect.stringContaining('Ann Lee')]);
    expect(await providerErrorOf(provider.signLink(envelopeId))).toMatchObject({
      kind: 'conflict',
      message: expect.stringContaining('DocuSign mails each signer') as unknown,
    });
  });

  it('minds an item that failed in an answer that is fine as a whole', async () => {
    const account = anAccountThat((call) =>
      call.method === 'GET'
        ? { envelopes: [{ envelopeId: ID, status: call.query?.['x'] ?? 'created' }] }
        : {
            envelopeId: ID,
            envelopes: [
              { errorDetails: { errorCode: 'Edit_Lock_Envelope_Already_Locked', message: 'Ann Lee holds it' } },
            ],
            errorDetails: { errorCode: 'ENVELOPE_SEND_LIMIT_EXCEEDED', message: 'Ann Lee' },
          },
    );
    const provider = createDocusignProvider(account, { reviewPage: () => '', returnPage: () => '' });
    const sent = await providerErrorOf(provider.sendEnvelope(ID, { parties: [], fieldsVersion: null }, 'a key'));
    const discarded = await providerErrorOf(provider.voidEnvelope(ID, 'surplus'));
    expect([sent.kind, discarded.kind]).toEqual(['payment-required', 'conflict']);
    expect(`${sent.message} ${discarded.message}`).not.toContain('Ann');
  });
});

describe('the signed PDF', () => {
  it('comes with its certificate in one call, which is not made again', async () => {
    const { provider, sandbox, envelope } = await aDocusignWorld();
    const envelopeId = await envelope({ sent: true });
    const out = sandbox.envelopes.of(null, envelopeId);
    for (const recipientId of ['1', '2']) sandbox.envelopes.signing.sign(out, recipientId);
    const signed = await provider.downloadSigned(envelopeId);
    expect((await PDFDocument.load(signed)).getPageCount()).toBe(3);
    const certificate = await provider.certificate(envelopeId, signed);
    expect((await PDFDocument.load(certificate ?? new Uint8Array())).getPageCount()).toBe(1);
    const again = await providerErrorOf(provider.downloadSigned(envelopeId));
    expect(again.kind).toBe('rate-limited');
    expect(again.retryAfterMs).toBeGreaterThan(14 * 60_000);
    expect(sandbox.limits.violations).toEqual([]);
  });

  it('has a limit', async () => {
    const { provider, sandbox, envelope } = await aDocusignWorld({}, { downloadBytes: 500 });
    const envelopeId = await envelope({ sent: true });
    expect((await providerErrorOf(provider.downloadSigned(envelopeId))).kind).toBe('too-large');
    expect(sandbox.limits.violations).toEqual([]);
  });
});

describe('a template', () => {
  const aTemplate = async (world: Awaited<ReturnType<typeof aDocusignWorld>>, name = 'Order form') =>
    world.sandbox.templates.put(world.sandbox.accounts[0]?.accountId ?? '', {
      templateId: 'a1a1a1a1-83c3-4940-af5e-cda8a50dd73f',
      name,
      emailSubject: 'From the template',
      documents: [
        { documentId: '1', name: 'a.pdf', documentBase64: Buffer.from(await aContract()).toString('base64') },
      ],
      recipients: {
        signers: [
          {
            recipientId: '1',
            roleName: 'Customer',
            routingOrder: '1',
            tabs: {
              signHereTabs: [{ anchorString: '/s1/' }],
              textTabs: [{ anchorString: '/d1/', tabLabel: 'customer_name' }],
            },
          },
          {
            recipientId: '2',
            roleName: 'Seller',
            routingOrder: '2',
            tabs: { textTabs: [{ anchorString: '/t2/', tabLabel: 'amount' }] },
          },
        ],
        carbonCopies: [{ recipientId: '3', roleName: 'Archive', routingOrder: '3' }],
      },
    });
  const parties = [
    ...PARTIES.slice(0, 2),
    { email: 'files@seller.test', role: 'Archive', order: 3, kind: 'cc' as const },
  ];
  const draft = {
    templateId: 'a1a1a1a1-83c3-4940-af5e-cda8a50dd73f',
    parties,
    prefill: { customer_name: 'Acme', amount: '12' },
    externalId: 'deal-7/r1',
    clientReferenceId: '7',
  };

  it('tells its roles, its prefill keys, and a version that changes with it', async () => {
    const world = await aDocusignWorld();
    await aTemplate(world);
    const facts = await world.provider.readTemplate(draft.templateId);
    expect(facts).toEqual({
      id: draft.templateId,
      version: expect.stringMatching(/^[0-9a-f]{12}$/) as unknown,
      roles: ['Customer', 'Seller'],
      prefillKeys: ['customer_name', 'amount'],
      ready: null,
    });
    expect((await world.provider.readTemplate(draft.templateId)).version).toBe(facts.version);
    world.sandbox.advance(1000);
    await aTemplate(world, 'Order form 2');
    expect((await world.provider.readTemplate(draft.templateId)).version).not.toBe(facts.version);
    expect((await providerErrorOf(world.provider.readTemplate('nowhere'))).kind).toBe('not-found');
  });

  it('makes a draft with each text at the role that has it, which goes out at once where it may', async () => {
    const world = await aDocusignWorld();
    await aTemplate(world);
    const held = await world.provider.sendTemplate({ ...draft, autoSend: false }, 'a key');
    expect(await world.provider.readEnvelope(held.envelopeId)).toMatchObject({
      status: 'draft',
      externalId: 'deal-7/r1',
    });
    expect(world.sandbox.envelopes.notices.mails).toEqual([]);
    const sent = await world.provider.sendTemplate({ ...draft, autoSend: true, externalId: 'deal-8/r1' }, 'a key');
    const envelope = world.sandbox.envelopes.of(null, sent.envelopeId);
    expect(envelope.status).toBe('sent');
    expect(envelope.recipients.map(({ email, tabs }) => [email, tabs.map(({ value }) => value)])).toEqual([
      ['ann@customer.test', [null, 'Acme']],
      ['bob@seller.test', ['12']],
      ['files@seller.test', []],
    ]);
  });

  it('is left as a draft that is found when its send fails', async () => {
    const world = await aDocusignWorld();
    await aTemplate(world);
    world.sandbox.faults.add([
      { kind: 'error', route: 'PUT .*/envelopes/', times: 1, skip: 0, ms: 0, status: 503, content_length: 'cut' },
    ]);
    const failure = await providerErrorOf(world.provider.sendTemplate({ ...draft, autoSend: true }, 'a key'));
    expect(failure.kind).toBe('unavailable');
    expect(await world.provider.findEnvelopes('deal-7/r1')).toMatchObject([{ status: 'draft' }]);
  });

  it('is refused for a copy that has no role there', async () => {
    const world = await aDocusignWorld();
    await aTemplate(world);
    const failure = await providerErrorOf(
      world.provider.sendTemplate({ ...draft, parties: PARTIES, autoSend: true }, 'a key'),
    );
    expect([failure.kind, failure.message]).toEqual([
      'invalid',
      expect.stringContaining('party 3 needs a role for copies'),
    ]);
    expect(world.sandbox.envelopes.list()).toEqual([]);
  });
});

describe('what DocuSign refuses', () => {
  it.each([
    ['login', undefined, 'unauthorized'],
    ['forbidden', 'ENVELOPE_ALLOWANCE_EXCEEDED', 'payment-required'],
    ['invalid', 'ENVELOPE_SEND_LIMIT_EXCEEDED', 'payment-required'],
    ['forbidden', 'USER_LACKS_PERMISSIONS', 'forbidden'],
    ['invalid', 'ENVELOPE_INVALID_STATUS', 'conflict'],
    ['invalid', 'EDIT_LOCK_ENVELOPE_ALREADY_LOCKED', 'conflict'],
    ['invalid', 'INVALID_EMAIL_ADDRESS_FOR_RECIPIENT', 'invalid'],
    ['rate-limited', 'HOURLY_APIINVOCATION_LIMIT_EXCEEDED', 'rate-limited'],
    ['unavailable', undefined, 'unavailable'],
    ['unreachable', undefined, 'unreachable'],
    ['unreadable', undefined, 'unreadable'],
    ['too-large', undefined, 'too-large'],
  ] as const)('%s (%s) is %s to a deal', async (kind, code, expected) => {
    const account = anAccountThat(() => {
      throw new DocusignError(kind, 'DocuSign said so', { status: 400, retryAfterMs: 7, ...(code && { code }) });
    });
    const provider = createDocusignProvider(account, { reviewPage: () => '', returnPage: () => '' });
    expect(await providerErrorOf(provider.remind(ID))).toMatchObject({
      kind: expected,
      code,
      message: 'DocuSign said so',
      envelopeId: ID,
      retryAfterMs: 7,
    });
  });
});

/** An account whose every call is answered by this. */
function anAccountThat(answer: (call: DocusignCall) => unknown): DocusignAccount {
  return {
    apiKeyId: '01234567',
    environment: 'developer',
    accountId: async () => 'a',
    organizationId: () => 'o',
    accounts: async () => [],
    async call(call) {
      const body = answer(call);
      const bytes = Buffer.from(JSON.stringify(body));
      return { status: 200, headers: {}, bytes, json: () => body };
    },
    close: async () => undefined,
  };
}

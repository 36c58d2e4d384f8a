import { beforeAll, describe, expect, it } from 'vitest';
import { aDocx, aPdf, textsOf } from './documents.js';
import { aClient, type Client } from './docusign-client.js';

let pdf: string;
beforeAll(async () => {
  pdf = (await aPdf(1, 'Agreement. Signature of Buyer: /sb1/')).toString('base64');
});

const signer = (recipientId = '1', more: Record<string, unknown> = {}) => ({
  recipientId,
  name: `Signer ${recipientId}`,
  email: `signer${recipientId}@example.com`,
  ...more,
});
const aDocument = (more: Record<string, unknown> = {}) => ({
  documentId: '1',
  name: 'Agreement.pdf',
  documentBase64: pdf,
  ...more,
});
const anEnvelope = (more: Record<string, unknown> = {}) => ({
  emailSubject: 'Please sign',
  documents: [aDocument()],
  recipients: { signers: [signer()] },
  ...more,
});

async function sent(client: Client, more: Record<string, unknown> = {}): Promise<string> {
  return client.create(anEnvelope({ status: 'sent', ...more }));
}
const put = (client: Client, id: string, body: unknown) => client.call('PUT', `/envelopes/${id}`, body);
const refusal = (status: number, errorCode: string) => ({ status, body: { errorCode } });

describe('a create', () => {
  it('makes a draft that nobody is told of, and tells times in UTC with seven digits', async () => {
    const client = await aClient();
    const { status, body } = await client.call('POST', '/envelopes', anEnvelope());
    expect({ status, body }).toMatchObject({ status: 201, body: { status: 'created' } });
    expect(body['statusDateTime']).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}Z$/);
    expect(client.sandbox.state()).toMatchObject({ envelopes: 1, mails: 0, byStatus: { created: 1 } });
  });

  it.each<[string, () => Record<string, unknown>, string]>([
    ['documents of one id', () => ({ documents: [aDocument(), aDocument()] }), 'INVALID_REQUEST_PARAMETER'],
    [
      'a documentId that is no number',
      () => ({ documents: [aDocument({ documentId: 'a' })] }),
      'INVALID_REQUEST_PARAMETER',
    ],
    [
      'a document that is no PDF',
      () => ({ documents: [aDocument({ documentBase64: 'AAAA' })] }),
      'UNABLE_TO_LOAD_DOCUMENT',
    ],
    [
      'a document that is no base64',
      () => ({ documents: [aDocument({ documentBase64: '*' })] }),
      'INVALID_REQUEST_PARAMETER',
    ],
    ['recipients of one id', () => ({ recipients: { signers: [signer(), signer()] } }), 'INVALID_RECIPIENT_ID'],
    [
      'an address that is none',
      () => ({ recipients: { signers: [signer('1', { email: 'x' })] } }),
      'INVALID_EMAIL_ADDRESS_FOR_RECIPIENT',
    ],
    [
      'a name of 101 letters',
      () => ({ recipients: { signers: [signer('1', { name: 'x'.repeat(101) })] } }),
      'INVALID_REQUEST_PARAMETER',
    ],
    [
      'a custom field of 101 letters',
      () => ({ customFields: { textCustomFields: [{ name: 'a', value: 'x'.repeat(101) }] } }),
      'INVALID_REQUEST_PARAMETER',
    ],
    ['a subject of 101 letters', () => ({ emailSubject: 'x'.repeat(101) }), 'INVALID_REQUEST_PARAMETER'],
    ['another status', () => ({ status: 'voided' }), 'ENVELOPE_INVALID_STATUS'],
    ['a send without a subject', () => ({ status: 'sent', emailSubject: '' }), 'INVALID_REQUEST_PARAMETER'],
    ['a send without documents', () => ({ status: 'sent', documents: [] }), 'ENVELOPE_IS_INCOMPLETE'],
    ['a send to nobody', () => ({ status: 'sent', recipients: {} }), 'ENVELOPE_IS_INCOMPLETE'],
    [
      'a tab on a page that is not there',
      () => ({
        recipients: { signers: [signer('1', { tabs: { signHereTabs: [{ documentId: '1', pageNumber: '9' }] } })] },
      }),
      'TAB_REFERS_TO_MISSING_DOCUMENT',
    ],
  ])('refuses %s', async (_what, more, code) => {
    const client = await aClient();
    expect(await client.call('POST', '/envelopes', anEnvelope(more()))).toMatchObject(refusal(400, code));
    expect(client.sandbox.state()).toMatchObject({ envelopes: 0, mails: 0 });
  });

  it('refuses a body that is no JSON', async () => {
    const client = await aClient();
    const broken = await client.fetch('POST', `/restapi/v2.1/accounts/${client.accountId}/envelopes`, {
      headers: { 'content-type': 'application/json' },
      body: '{',
    });
    expect(broken).toMatchObject(refusal(400, 'INVALID_REQUEST_BODY'));
  });

  it('takes Word documents as well, and mails nobody who signs embedded', async () => {
    const client = await aClient();
    const documentBase64 = (await aDocx('Terms', ['Sign at /sb1/'])).toString('base64');
    const tabs = { signHereTabs: [{ anchorString: '/sb1/' }] };
    await sent(client, {
      documents: [aDocument({ documentBase64, fileExtension: 'docx' })],
      recipients: { signers: [signer('1', { tabs, clientUserId: '7' })] },
    });
    expect(client.sandbox.state()).toMatchObject({ byStatus: { sent: 1 }, mails: 0 });
  });
});

describe('an anchor', () => {
  const tabs = (more: Record<string, string>) => ({
    recipients: { signers: [signer('1', { tabs: { signHereTabs: [{ tabLabel: 's', ...more }] } })] },
  });
  const attempt = async (client: Client, more: Record<string, string>) =>
    (await client.call('POST', '/envelopes', anEnvelope(tabs(more)))).body['errorCode'] ?? 'taken';

  it('must stand in the text, unless it is told that it need not', async () => {
    const client = await aClient();
    expect(await attempt(client, { anchorString: '/sb2/' })).toBe('ANCHOR_TAG_PROCESSING_FAILURE');
    expect(await attempt(client, { anchorString: '/sb2/', anchorIgnoreIfNotPresent: 'true' })).toBe('taken');
    const id = await client.create(anEnvelope(tabs({ anchorString: '/sb1/' })));
    const { body } = await client.call('GET', `/envelopes/${id}/recipients?include_tabs=true`);
    expect(body).toMatchObject({
      signers: [{ totalTabCount: '1', tabs: { signHereTabs: [{ tabLabel: 's', pageNumber: '1', documentId: '1' }] } }],
    });
  });

  it('is compared as it asks to be', async () => {
    const client = await aClient();
    const found: Record<string, string>[] = [
      { anchorString: 'signature OF' },
      { anchorString: 'Signatureof' },
      { anchorString: 'Buyer', anchorMatchWholeWord: 'true' },
      { anchorString: 'Buy', anchorMatchWholeWord: 'false' },
    ];
    const lost: Record<string, string>[] = [
      { anchorString: 'signature OF', anchorCaseSensitive: 'true' },
      { anchorString: 'Signatureof', anchorAllowWhiteSpaceInCharacters: 'false' },
      { anchorString: 'Buy', anchorMatchWholeWord: 'true' },
    ];
    for (const anchor of found) expect(await attempt(client, anchor)).toBe('taken');
    for (const anchor of lost) expect(await attempt(client, anchor)).toBe('ANCHOR_TAG_PROCESSING_FAILURE');
  });

  it('is looked for when the draft is sent, by a switch', async () => {
    const client = await aClient({ settings: { anchors_checked: 'send' } });
    const id = await client.create(anEnvelope(tabs({ anchorString: '/sb2/' })));
    expect(await put(client, id, { status: 'sent' })).toMatchObject(refusal(400, 'ANCHOR_TAG_PROCESSING_FAILURE'));
    expect(await client.statusOf(id)).toBe('created');
  });
});

describe('an envelope', () => {
  it('goes from signer to signer in their order, then to its copies, and is completed', async () => {
    const client = await aClient();
    const id = await sent(client, {
      recipients: {
        signers: [signer('2', { routingOrder: '2' }), signer('1')],
        carbonCopies: [signer('3', { routingOrder: '3' })],
      },
    });
    const people = async () => {
      const { body } = await client.call('GET', `/envelopes/${id}/recipients`);
      const [second, first] = body['signers'] as { status: string }[];
      return [first?.status, second?.status, (body['carbonCopies'] as { status: string }[])[0]?.status];
    };
    expect(await people()).toEqual(['sent', 'created', 'created']);
    expect(await client.control('POST', `/envelopes/${id}/sign`, { recipientId: '2' })).toMatchObject(
      refusal(400, 'RECIPIENT_NOT_IN_SEQUENCE'),
    );
    await client.control('POST', `/envelopes/${id}/view`, { recipientId: '1' });
    expect(await people()).toEqual(['delivered', 'created', 'created']);
    expect(await client.statusOf(id)).toBe('sent');
    await client.control('POST', `/envelopes/${id}/sign`);
    expect(await people()).toEqual(['completed', 'sent', 'created']);
    await client.control('POST', `/envelopes/${id}/view`);
    expect(await client.statusOf(id)).toBe('delivered');
    await client.control('POST', `/envelopes/${id}/sign`);
    expect(await people()).toEqual(['completed', 'completed', 'completed']);
    expect(await client.statusOf(id)).toBe('completed');
  });

  it('shows signed for a while before completed, by a switch', async () => {
    const client = await aClient({ settings: { signed_ms: 60_000 } });
    const id = await sent(client);
    await client.control('POST', `/envelopes/${id}/sign`);
    expect(await client.statusOf(id)).toBe('signed');
    client.sandbox.advance(60_000);
    expect(await client.statusOf(id)).toBe('completed');
  });

  it('can be voided under way only, with a reason', async () => {
    const client = await aClient();
    const draft = await client.create(anEnvelope());
    const invalid = refusal(400, 'ENVELOPE_CANNOT_VOID_INVALID_STATE');
    const voided = { status: 'voided', voidedReason: 'Amended' };
    expect(await put(client, draft, voided)).toMatchObject(invalid);
    const id = await sent(client);
    expect(await put(client, id, { status: 'voided' })).toMatchObject(refusal(400, 'INVALID_REQUEST_PARAMETER'));
    expect((await put(client, id, voided)).status).toBe(200);
    expect((await client.call('GET', `/envelopes/${id}`)).body).toMatchObject({
      status: 'voided',
      voidedReason: 'Amended',
    });
    expect(await put(client, id, voided)).toMatchObject(invalid);
    const declined = await sent(client);
    await client.control('POST', `/envelopes/${declined}/decline`, { reason: 'No' });
    expect(await put(client, declined, voided)).toMatchObject(invalid);
    expect((await client.call('GET', `/envelopes/${declined}?include=recipients`)).body).toMatchObject({
      status: 'declined',
      recipients: { signers: [{ status: 'declined', declinedReason: 'No' }] },
    });
  });

  it('expires into voided, which only its reason tells', async () => {
    const client = await aClient();
    const expirations = { expireEnabled: 'true', expireAfter: '2', expireWarn: '1' };
    const id = await sent(client, { notification: { expirations } });
    client.sandbox.advance(2 * 86_400_000);
    expect((await client.call('GET', `/envelopes/${id}`)).body).toMatchObject({
      status: 'voided',
      voidedReason: expect.stringContaining('expired') as string,
    });
  });

  it('is sent once: a second send is refused, or by a switch without effect', async () => {
    const client = await aClient();
    const id = await client.create(anEnvelope());
    expect((await put(client, id, { status: 'sent' })).status).toBe(200);
    expect(await put(client, id, { status: 'sent' })).toMatchObject(refusal(400, 'ENVELOPE_INVALID_STATUS'));
    await client.control('POST', '/settings', { sent_again: 'ignore' });
    expect((await put(client, id, { status: 'sent' })).status).toBe(200);
    expect(client.sandbox.state()).toMatchObject({ sends: { [id]: 1 }, mails: 1 });
    expect((await client.call('PUT', `/envelopes/${id}?resend_envelope=true`, {})).status).toBe(200);
    expect(client.sandbox.state()).toMatchObject({ sends: { [id]: 1 }, mails: 2 });
  });

  it('refuses a change with 200, and tells that one went well, by switches', async () => {
    const client = await aClient({ settings: { update_errors: 'details', success_details: true } });
    const id = await client.create(anEnvelope());
    const errorCode = async (body: unknown) => {
      const { status, body: told } = await put(client, id, body);
      return [status, (told['errorDetails'] as Record<string, unknown>)['errorCode']];
    };
    const voided = { status: 'voided', voidedReason: 'x' };
    expect(await errorCode(voided)).toEqual([200, 'ENVELOPE_CANNOT_VOID_INVALID_STATE']);
    expect(await errorCode({ status: 'sent' })).toEqual([200, 'SUCCESS']);
    expect(await client.statusOf(id)).toBe('sent');
  });

  it('is sent by a person from a page whose address works once', async () => {
    const client = await aClient();
    const id = await client.create(anEnvelope());
    const { status, body } = await client.call('POST', `/envelopes/${id}/views/sender`, {
      returnUrl: 'https://countersign.example.com/',
    });
    expect(status).toBe(201);
    const path = new URL(String(body['url'])).pathname;
    const page = (await client.fetch('GET', path)).bytes.toString();
    expect((await client.fetch('GET', path)).status).toBe(401);
    const action = /action="([^"]+)"/.exec(page)?.[1] ?? '';
    const pressed = await client.fetch('POST', action);
    expect(pressed.headers.get('location')).toContain('event=Send');
    expect(await client.statusOf(id)).toBe('sent');
    expect((await client.call('POST', `/envelopes/${id}/views/sender`, {})).status).toBe(400);
  });

  it('shows that a person changed the draft', async () => {
    const client = await aClient();
    const id = await client.create(anEnvelope());
    const before = (await client.call('GET', `/envelopes/${id}`)).body['lastModifiedDateTime'];
    client.sandbox.advance(1000);
    await client.control('POST', `/envelopes/${id}/edit`, {
      recipients: [{ recipientId: '1', email: 'other@example.com' }],
      addRecipients: { signers: [signer('2')] },
    });
    const { body } = await client.call('GET', `/envelopes/${id}?include=recipients`);
    expect(body['lastModifiedDateTime']).not.toBe(before);
    expect(body).toMatchObject({ recipients: { recipientCount: '2', signers: [{ email: 'other@example.com' }, {}] } });
  });

  it('goes to the recycle bin as a draft, and never while it is under way', async () => {
    const client = await aClient();
    const draft = await client.create(anEnvelope());
    const out = await sent(client);
    const bin = (envelopeIds: string[]) => client.call('PUT', '/folders/recyclebin', { envelopeIds });
    expect(await bin([draft, out])).toMatchObject({
      status: 200,
      body: {
        envelopes: [{ envelopeId: draft }, { envelopeId: out, errorDetails: { errorCode: 'ENVELOPE_INVALID_STATUS' } }],
      },
    });
    expect(await client.statusOf(draft)).toBe('deleted');
    expect(await put(client, draft, { status: 'sent' })).toMatchObject(refusal(400, 'ENVELOPE_INVALID_STATUS'));
    const { body } = await client.call('GET', '/envelopes?from_date=2020-01-01');
    expect((body['envelopes'] as { envelopeId: string }[]).map(({ envelopeId }) => envelopeId)).toEqual([out]);
  });

  it('is nobody else’s, and an id that is none is a bad request', async () => {
    const client = await aClient();
    const nobody = '00000000-0000-4000-8000-000000000000';
    expect(await client.call('GET', `/envelopes/${nobody}`)).toMatchObject(refusal(404, 'ENVELOPE_DOES_NOT_EXIST'));
    expect(await client.call('GET', '/envelopes/x')).toMatchObject(refusal(400, 'INVALID_REQUEST_PARAMETER'));
    expect(await client.call('GET', '/nothing')).toMatchObject(refusal(404, 'RESOURCE_NOT_FOUND'));
  });
});

describe('a transactionId', () => {
  const transaction = { transactionId: '11111111-1111-4111-8111-111111111111' };
  const find = async (client: Client) => {
    const { body } = await client.call('GET', `/envelopes?transaction_ids=${transaction.transactionId}`);
    return (body['envelopeTransactionStatuses'] as { envelopeId?: string }[]).map(({ envelopeId }) => envelopeId);
  };

  it('finds the envelope for seven days, and prevents no second one', async () => {
    const client = await aClient();
    const customFields = { textCustomFields: [{ name: 'external_id', value: 'deal-1' }] };
    const first = await client.create(anEnvelope({ ...transaction, customFields }));
    const second = await client.create(anEnvelope({ ...transaction, customFields }));
    expect(second).not.toBe(first);
    expect(await find(client)).toEqual([first, second]);
    expect(client.sandbox.state()).toMatchObject({ byExternalId: { 'deal-1': 2 }, duplicates: ['deal-1'] });
    client.sandbox.advance(7 * 86_400_000);
    expect(await find(client)).toEqual([]);
    const { body } = await client.call('GET', '/envelopes?from_date=2020-01-01&custom_field=external_id%3Ddeal-1');
    expect(body).toMatchObject({ resultSetSize: '2' });
  });

  it('is found after a delay, and refuses or repeats the create, by switches', async () => {
    const client = await aClient({ settings: { transaction_delay_ms: 5000, same_transaction: 'same' } });
    const first = await client.create(anEnvelope(transaction));
    expect(await client.create(anEnvelope(transaction))).toBe(first);
    expect(await find(client)).toEqual([]);
    client.sandbox.advance(5000);
    expect(await find(client)).toEqual([first]);
    await client.control('POST', '/settings', { same_transaction: 'refuse', unknown_transaction: 'error' });
    expect((await client.call('POST', '/envelopes', anEnvelope(transaction))).status).toBe(400);
    const { body } = await client.call('PUT', '/envelopes/status?envelope_ids=request_body', {
      transactionIds: ['unknown'],
    });
    expect(body).toMatchObject({ envelopeTransactionStatuses: [{ errorDetails: {} }] });
  });
});

describe('the list', () => {
  it('wants to know from when, and pages with counts as texts', async () => {
    const client = await aClient();
    expect(await client.call('GET', '/envelopes')).toMatchObject(refusal(400, 'INVALID_REQUEST_PARAMETER'));
    const ids: string[] = [];
    for (let nth = 0; nth < 3; nth += 1) ids.push(await client.create(anEnvelope()));
    const { body } = await client.call('GET', '/envelopes?from_date=2020-01-01&count=2');
    expect(body).toMatchObject({ resultSetSize: '2', totalSetSize: '3', startPosition: '0', endPosition: '1' });
    const next = await client.call('GET', String(body['nextUri']));
    expect(next.body).toMatchObject({ resultSetSize: '1', startPosition: '2', nextUri: '' });
    const byId = await client.call('PUT', '/envelopes/status?envelope_ids=request_body', { envelopeIds: [ids[1]] });
    expect(byId.body).toMatchObject({ envelopes: [{ envelopeId: ids[1], status: 'created' }] });
    const voided = await client.call('GET', '/envelopes?from_date=2020-01-01&status=voided');
    expect(voided.body).toMatchObject({ totalSetSize: '0' });
    expect(voided.body).not.toHaveProperty('envelopes');
  });

  it('is behind, by a switch, and tells what is asked for', async () => {
    const client = await aClient({ settings: { list_delay_ms: 1000 } });
    const customFields = { textCustomFields: [{ name: 'a', value: 'b' }] };
    await client.create(anEnvelope({ customFields }));
    const path = '/envelopes?from_date=2020-01-01&include=recipients,custom_fields';
    expect((await client.call('GET', path)).body).toMatchObject({ totalSetSize: '0' });
    client.sandbox.advance(1000);
    expect((await client.call('GET', path)).body).toMatchObject({
      envelopes: [
        {
          recipients: { signers: [{ email: 'signer1@example.com' }] },
          customFields: { textCustomFields: [{ name: 'a', value: 'b', show: 'false' }] },
        },
      ],
    });
  });
});

describe('a download', () => {
  it('is the signed document with its certificate, in other bytes each time', async () => {
    const client = await aClient();
    const tabs = { signHereTabs: [{ anchorString: '/sb1/' }] };
    const id = await sent(client, { recipients: { signers: [signer('1', { tabs })] } });
    await client.control('POST', `/envelopes/${id}/sign`);
    const path = `/envelopes/${id}/documents/combined?certificate=true`;
    const first = await client.call('GET', path);
    expect(first.headers.get('content-type')).toBe('application/pdf');
    expect(first.headers.get('content-disposition')).toMatch(/^file; filename="[^"]+"; documentid="combined"$/);
    const [page = '', certificate = '', ...more] = await textsOf(first.bytes);
    expect(page).toContain('Signed by: Signer 1');
    expect(page).toContain(id.toUpperCase());
    expect(certificate).toMatch(/^Certificate Of Completion/);
    expect(certificate).toContain('Status: Completed');
    expect(more).toEqual([]);
    expect((await client.call('GET', path)).bytes.equals(first.bytes)).toBe(false);
    await client.control('POST', '/settings', { stable_pdf: true });
    const [one, other] = [await client.call('GET', path), await client.call('GET', path)];
    expect(one.bytes.equals(other.bytes)).toBe(true);
    expect(await textsOf((await client.call('GET', `/envelopes/${id}/documents/combined`)).bytes)).toHaveLength(1);
    expect(client.sandbox.state()).toMatchObject({ downloads: { [id]: 5 } });
  });

  it('of one document, of the certificate, of nothing', async () => {
    const client = await aClient();
    const id = await sent(client);
    const { body } = await client.call('GET', `/envelopes/${id}/documents`);
    expect(body).toMatchObject({
      envelopeDocuments: [
        { documentId: '1', type: 'content' },
        { documentId: 'certificate', type: 'summary' },
      ],
    });
    const certificate = await client.call('GET', `/envelopes/${id}/documents/certificate`);
    expect((await textsOf(certificate.bytes))[0]).toContain('Status: Sent');
    expect((await client.call('GET', `/envelopes/${id}/documents/1`)).status).toBe(200);
    expect(await client.call('GET', `/envelopes/${id}/documents/2`)).toMatchObject(
      refusal(404, 'DOCUMENT_DOES_NOT_EXIST'),
    );
  });
});

describe('a template', () => {
  const role = {
    roleName: 'Buyer',
    recipientId: '1',
    tabs: { textTabs: [{ tabLabel: 'company', anchorString: '/sb1/' }] },
  };

  it('makes envelopes of its roles, with values for its tabs, and tells when it changed', async () => {
    const client = await aClient();
    const given = { name: 'Order', emailSubject: 'Sign', documents: [aDocument()], recipients: { signers: [role] } };
    const made = await client.control('PUT', '/templates', given);
    const templateId = String(made.body['templateId']);
    const template = (await client.call('GET', `/templates/${templateId}?include=tabs`)).body;
    expect(template).toMatchObject({
      recipients: { signers: [{ roleName: 'Buyer', tabs: { textTabs: [{ tabLabel: 'company' }] } }] },
      documents: [{ documentId: '1' }],
    });
    const person = {
      roleName: 'Buyer',
      name: 'B',
      email: 'b@example.com',
      tabs: { textTabs: [{ tabLabel: 'company', value: 'X' }] },
    };
    const id = await client.create({ status: 'sent', templateId, templateRoles: [person] });
    const { body } = await client.call('GET', `/envelopes/${id}?include=recipients,tabs`);
    expect(body).toMatchObject({
      emailSubject: 'Sign',
      recipients: { signers: [{ email: 'b@example.com', tabs: { textTabs: [{ value: 'X', pageNumber: '1' }] } }] },
    });
    client.sandbox.advance(1000);
    await client.control('PUT', '/templates', { templateId, name: 'Order 2' });
    const changed = (await client.call('GET', `/templates/${templateId}`)).body;
    expect(changed['lastModifiedDateTime']).not.toBe(template['lastModifiedDateTime']);
    const other = { ...person, roleName: 'Seller' };
    expect((await client.call('POST', '/envelopes', { templateId, templateRoles: [other] })).status).toBe(400);
    expect((await client.call('GET', '/templates/unknown')).status).toBe(404);
  });
});

describe('limits', () => {
  it('are told with every answer, and end calls by code, with 429 or the old 400', async () => {
    const client = await aClient({ settings: { hourly_limit: 3, burst_limit: 2 } });
    const first = await client.call('GET', '/templates');
    expect(Object.fromEntries(first.headers)).toMatchObject({
      'x-ratelimit-limit': '3',
      'x-ratelimit-remaining': '2',
      'x-burstlimit-limit': '2',
      'x-burstlimit-remaining': '1',
    });
    expect(Number(first.headers.get('x-ratelimit-reset')) % 3600).toBe(0);
    await client.call('GET', '/templates');
    expect(await client.call('GET', '/templates')).toMatchObject(refusal(429, 'BURST_APIINVOCATION_LIMIT_EXCEEDED'));
    await client.control('POST', '/settings', { limit_status: 400 });
    const over = await client.call('GET', '/templates');
    expect(over).toMatchObject(refusal(400, 'HOURLY_APIINVOCATION_LIMIT_EXCEEDED'));
    expect(over.headers.get('x-ratelimit-remaining')).toBe('0');
    client.sandbox.advance(3_600_000);
    const later = await client.call('GET', '/templates');
    expect(later.status).toBe(200);
    expect(Date.parse(later.headers.get('date') ?? '')).toBeGreaterThan(Date.now() + 3_000_000);
  });

  it('note a second look at an envelope within fifteen minutes, which ends a streak', async () => {
    const client = await aClient();
    const id = await client.create(anEnvelope());
    const key = Object.keys(client.sandbox.limits.readiness())[0] ?? '';
    const streak = () => client.sandbox.limits.readiness()[key]?.streak;
    await client.statusOf(id);
    await client.call('GET', `/envelopes/${id}/recipients`);
    expect(streak()).toBe(3);
    expect(client.sandbox.state()).toMatchObject({ violations: [] });
    client.sandbox.advance(14 * 60_000);
    await client.statusOf(id);
    expect(client.sandbox.limits.violations).toMatchObject([{ resource: `GET /envelopes/${id}` }]);
    expect(streak()).toBe(0);
    client.sandbox.advance(15 * 60_000);
    await client.statusOf(id);
    expect(client.sandbox.limits.violations).toHaveLength(1);
    expect(streak()).toBe(1);
    await client.call('GET', '/nothing/here');
    await client.call('GET', '/templates/unknown');
    expect(streak()).toBe(0);
  });

  it('of one envelope are there by a switch', async () => {
    const client = await aClient({ settings: { envelope_gets_per_hour: 1 } });
    const id = await client.create(anEnvelope());
    await client.statusOf(id);
    expect(await client.call('GET', `/envelopes/${id}`)).toMatchObject(
      refusal(429, 'Hourly_Envelope_Polling_Limit_Exceeded'),
    );
  });
});

describe('a fault', () => {
  const creates = { route: '^POST .*/envelopes$' };
  const add = (client: Client, fault: Record<string, unknown>) => client.control('POST', '/faults', fault);
  const count = (client: Client) => client.sandbox.envelopes.list().length;

  it('answers wrongly before or after the call took effect', async () => {
    const client = await aClient();
    const attempt = () => client.call('POST', '/envelopes', anEnvelope());
    await add(client, { kind: 'error', status: 503, ...creates });
    await add(client, { kind: 'html', ...creates });
    await add(client, { kind: 'empty', ...creates });
    await add(client, { kind: 'rate-limit', code: 'Burst_APIInvocation_Limit_Exceeded', status: 400, ...creates });
    expect((await attempt()).status).toBe(503);
    expect((await attempt()).bytes.toString()).toContain('<html>');
    const empty = await attempt();
    expect([empty.status, empty.bytes.length]).toEqual([444, 0]);
    expect(await attempt()).toMatchObject(refusal(400, 'Burst_APIInvocation_Limit_Exceeded'));
    expect(count(client)).toBe(0);
    await add(client, { kind: 'error-after', ...creates });
    expect((await attempt()).status).toBe(500);
    expect(count(client)).toBe(1);
    expect((await attempt()).status).toBe(201);
  });

  it('drops the connection before, or with the deed done: create, send and void', async () => {
    const client = await aClient();
    const attempt = () => client.call('POST', '/envelopes', anEnvelope({ status: 'sent' }));
    await add(client, { kind: 'drop-before', ...creates });
    await expect(attempt()).rejects.toThrow();
    expect(count(client)).toBe(0);
    await add(client, { kind: 'drop-after', ...creates });
    await expect(attempt()).rejects.toThrow();
    expect(client.sandbox.state()).toMatchObject({ envelopes: 1, mails: 1 });
    const id = await client.create(anEnvelope());
    await add(client, { kind: 'drop-after', route: `^PUT .*/envelopes/${id}$`, times: 2 });
    await expect(put(client, id, { status: 'sent' })).rejects.toThrow();
    expect(client.sandbox.envelopes.of(null, id).status).toBe('sent');
    await expect(put(client, id, { status: 'voided', voidedReason: 'x' })).rejects.toThrow();
    expect(client.sandbox.envelopes.of(null, id).status).toBe('voided');
    expect(client.sandbox.state()).toMatchObject({ faults: { 'drop-before': 1, 'drop-after': 3 } });
  });

  it('cuts a PDF in half, openly or with the length of the whole', async () => {
    const client = await aClient({ settings: { stable_pdf: true } });
    const id = await sent(client);
    const path = `/envelopes/${id}/documents/combined`;
    const whole = (await client.call('GET', path)).bytes.length;
    await add(client, { kind: 'truncated-pdf' });
    await client.statusOf(id);
    expect((await client.call('GET', path)).bytes.length).toBe(Math.floor(whole / 2));
    await add(client, { kind: 'truncated-pdf', content_length: 'full' });
    await expect(client.call('GET', path)).rejects.toThrow();
    expect((await client.call('GET', path)).bytes.length).toBe(whole);
  });

  it('lets calls pass first, and is refused where it makes no sense', async () => {
    const client = await aClient();
    await add(client, { kind: 'error', skip: 1, route: 'templates' });
    expect((await client.call('GET', '/templates')).status).toBe(200);
    expect((await client.call('GET', '/templates')).status).toBe(500);
    expect((await add(client, { kind: 'earthquake' })).status).toBe(400);
    expect((await add(client, { kind: 'error', route: '(' })).status).toBe(400);
    expect((await client.control('POST', '/settings', { unheard_of: 1 })).status).toBe(400);
  });
});

describe('the detail of a user', () => {
  it('tells its date in the way of the day', async () => {
    const client = await aClient();
    const path = `/users/${client.sandbox.users[0]?.userId}`;
    const date = async () =>
      ((await client.call('GET', path)).body['userSettings'] as Record<string, unknown>)['modifiedDate'];
    expect(await date()).toMatch(/^\d+\/\d+\/\d{4} \d+:\d\d:\d\d [AP]M$/);
    await client.control('POST', '/settings', { modified_date: 'iso' });
    expect(await date()).toMatch(/Z$/);
    await client.control('POST', '/settings', { modified_date: 'missing' });
    expect(await date()).toBeUndefined();
    expect(await client.call('GET', '/users/unknown')).toMatchObject(refusal(404, 'USER_NOT_FOUND'));
  });
});

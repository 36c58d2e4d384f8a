import { MockActivityEnvironment } from '@temporalio/testing';
import { ApplicationFailure } from '@temporalio/common';
import { DefaultLogger } from '@temporalio/worker';
import { beforeEach, describe, expect, it } from 'vitest';
import { createActivities, type Activities } from '../../src/activities/index.js';
import { CrmError } from '../../src/crm/crm.js';
import { crmRecordOf } from '../../src/deal/state.js';
import { DocumentError } from '../../src/documents/documents.js';
import { ProviderError, type ProviderErrorKind } from '../../src/signing/provider.js';
import { aDeal, aDealIn } from '../support/deals.js';
import { aPaperWorld, type PaperWorld } from '../support/paper-world.js';
import { aSignedPdf } from '../support/signed-pdf.js';

const signedPdf = await aSignedPdf();
let world: PaperWorld;
let activities: Activities;
beforeEach(() => {
  world = aPaperWorld(signedPdf);
  activities = createActivities(world);
});

const logged: { message: string; envelope_id: unknown }[] = [];
const logger = new DefaultLogger('INFO', ({ message, meta }) => {
  logged.push({ message, envelope_id: meta?.envelope_id });
});

/** Runs an activity as try number `attempt` of deal 42's workflow. */
function run<A extends unknown[], R>(activity: (...args: A) => Promise<R>, args: A, attempt = 1): Promise<R> {
  const workflowExecution = { workflowId: 'deal-42', runId: `run-${attempt}` };
  const env = new MockActivityEnvironment({ attempt, workflowExecution }, { logger });
  return env.run(activity, ...args);
}

async function failureOf(work: Promise<unknown>): Promise<ApplicationFailure> {
  const error = await work.then(
    () => undefined,
    (failure: unknown) => failure,
  );
  if (!(error instanceof ApplicationFailure)) throw new Error(`expected an ApplicationFailure, got ${String(error)}`);
  return error;
}

const hoursAgo = (hours: number) => new Date(Date.now() - hours * 3_600_000).toISOString();
const { document, parties } = aDeal();
const draft = {
  dealId: '42',
  provider: 'atlas' as const,
  document,
  pinned: { kind: 'pdf' as const, sha256: 'x', bytes: 3 },
  parties,
  transport: 'multipart' as const,
  revision: 1,
  turn: 0,
  firstTried: hoursAgo(0),
};
const unreachable = () => new ProviderError('unreachable', 'no answer');
const times = (call: string) => world.calls.filter((made) => made === call).length;

describe('creating the envelope', () => {
  it('names the deal and the revision in the metadata and the idempotency key', async () => {
    await run(activities.createEnvelope, [draft]);
    expect(world.only().draft).toMatchObject({
      externalId: 'deal-42/r1',
      clientReferenceId: '42',
      transport: 'multipart',
    });
    expect(world.keys).toEqual(['deal-42/r1/create/0']);
  });

  it('logs one line with the envelope id, made or found', async () => {
    logged.length = 0;
    await run(activities.createEnvelope, [draft]);
    await run(activities.createEnvelope, [draft], 2);
    expect(logged.filter((line) => line.message === 'envelope created')).toEqual([
      { message: 'envelope created', envelope_id: 'env-1' },
      { message: 'envelope created', envelope_id: 'env-1' },
    ]);
  });

  it('sends the same key again when the first try never reached the provider', async () => {
    world.mishaps.push({ call: 'createEnvelope', error: unreachable() });
    expect((await failureOf(run(activities.createEnvelope, [draft]))).nonRetryable).toBeFalsy();
    await run(activities.createEnvelope, [draft], 2);
    expect(world.keys).toEqual(['deal-42/r1/create/0']);
    expect(world.envelopes).toHaveLength(1);
  });

  it('looks for the envelope before it repeats a create that is older than the provider remembers keys', async () => {
    await run(activities.createEnvelope, [draft]);
    const again = await run(activities.createEnvelope, [{ ...draft, firstTried: hoursAgo(23.5) }]);
    expect(again.envelopeId).toBe('env-1');
    expect(times('createEnvelope')).toBe(1);
    expect(times('findEnvelopes')).toBe(1);
  });

  it('does not look first while the key still protects and nothing was tried', async () => {
    await run(activities.createEnvelope, [{ ...draft, firstTried: hoursAgo(22) }]);
    expect(times('findEnvelopes')).toBe(0);
  });

  it('keeps the envelope that is out and voids surplus drafts of the same revision', async () => {
    for (const turn of [0, 1, 2]) {
      await world.provider.createEnvelope({ ...world.envelopes[0]?.draft, ...base() }, `other/${turn}`);
    }
    const [, second] = world.envelopes;
    if (second) second.status = 'pending';
    const kept = await run(activities.createEnvelope, [draft], 2);
    expect(kept.envelopeId).toBe('env-2');
    expect(world.envelopes.map((envelope) => envelope.status)).toEqual(['voided', 'pending', 'voided']);
  });

  it('hands the link of the document to the provider when the policy says so', async () => {
    await run(activities.createEnvelope, [
      { ...draft, transport: 'link', document: { uri: 'https://docs.example/a.pdf' } },
    ]);
    expect(world.only().draft).toMatchObject({ documentUrl: 'https://docs.example/a.pdf' });
    expect(world.only().draft).not.toHaveProperty('document');
  });

  it.each(['multipart', 'base64', 'link'] as const)(
    'is not done with a document that has changed since the deal began (%s)',
    async (transport) => {
      world.documents.fetch = async () => ({ bytes: new Uint8Array(4), kind: 'pdf', sha256: 'y' });
      const changed = { ...draft, transport, document: { uri: 'https://docs.example/a.pdf' } };
      expect(await failureOf(run(activities.createEnvelope, [changed]))).toMatchObject({
        type: 'document-changed',
        nonRetryable: true,
        message: 'its sha256 was x and is y',
      });
      expect(world.envelopes).toEqual([]);
    },
  );

  it('begins with a look at the document, which is refused before anything is made of it', async () => {
    const look = { dealId: '42', provider: 'atlas' as const, document: { uri: 'file:a.pdf' } };
    world.documents.fetch = async () => ({ bytes: new Uint8Array(4), kind: 'docx', sha256: 'y' });
    expect(await run(activities.pinDocument, [look])).toEqual({ kind: 'docx', sha256: 'y', bytes: 4 });
    world.documents.fetch = () => Promise.reject(new DocumentError('refused', 'The PDF is encrypted.'));
    expect(await failureOf(run(activities.pinDocument, [look]))).toMatchObject({ type: 'document-refused' });
    expect(world.envelopes).toEqual([]);
  });

  it.each([
    ['refused', 1, 'document-refused', true],
    ['missing', 1, 'document-unavailable', true],
    ['unavailable', 1, 'document-unavailable', false],
    ['unavailable', 5, 'document-unavailable', true],
  ] as const)('a document that is %s at try %i gives %s (final: %s)', async (kind, attempt, type, final) => {
    world.documents.fetch = () => Promise.reject(new DocumentError(kind, 'no'));
    const failure = await failureOf(run(activities.createEnvelope, [draft], attempt));
    expect([failure.type, Boolean(failure.nonRetryable)]).toEqual([type, final]);
    expect(world.envelopes).toHaveLength(0);
  });

  function base() {
    return {
      transport: 'multipart' as const,
      parties,
      webhookUrl: '',
      externalId: 'deal-42/r1',
      clientReferenceId: '42',
    };
  }
});

describe('what the provider refuses', () => {
  it.each<[ProviderErrorKind, string, boolean]>([
    ['unreachable', 'provider-unavailable', false],
    ['unavailable', 'provider-unavailable', false],
    ['rate-limited', 'provider-unavailable', false],
    ['unauthorized', 'key-refused', true],
    ['payment-required', 'credits-exhausted', true],
    ['forbidden', 'access-denied', true],
    ['not-found', 'envelope-missing', true],
    ['invalid', 'request-refused', true],
    ['unreadable', 'answer-unreadable', true],
    ['too-large', 'request-refused', true],
  ])('%s is %s, for a person to mend: %s', async (kind, type, final) => {
    world.mishaps.push({ call: 'createEnvelope', error: new ProviderError(kind, 'no', { retryAfterMs: 7000 }) });
    const failure = await failureOf(run(activities.createEnvelope, [draft]));
    expect([failure.type, Boolean(failure.nonRetryable)]).toEqual([type, final]);
    if (!final) expect(failure.nextRetryDelay).toBe(7000);
  });
});

describe('sending the envelope', () => {
  const send = {
    dealId: '42',
    provider: 'atlas' as const,
    envelopeId: 'env-1',
    parties,
    fieldsVersion: 1,
    revision: 1,
    turn: 0,
    firstTried: hoursAgo(0),
  };
  beforeEach(() => run(activities.createEnvelope, [draft]));

  it('sends once, and finds it sent when it is tried again', async () => {
    expect(await run(activities.sendEnvelope, [send])).toEqual({ kind: 'out', status: 'pending' });
    expect(await run(activities.sendEnvelope, [send], 2)).toEqual({ kind: 'out', status: 'pending' });
    expect(await run(activities.sendEnvelope, [{ ...send, turn: 3 }])).toEqual({ kind: 'out', status: 'pending' });
    expect(world.only().sends).toBe(1);
  });

  it('uses a new key after a refusal, since the provider may replay the stored one', async () => {
    await run(activities.sendEnvelope, [{ ...send, turn: 1 }]);
    expect(world.keys.at(-1)).toBe('deal-42/r1/send/1');
  });

  it('tells the two causes of a conflict apart by looking', async () => {
    world.only().fieldsVersion = 2;
    expect(await run(activities.sendEnvelope, [send])).toEqual({ kind: 'fields-changed', fieldsVersion: 2 });
    world.only().fieldsVersion = 1;
    world.only().fieldsStatus = 'pending';
    expect(await run(activities.sendEnvelope, [send])).toEqual({ kind: 'fields-pending' });
    expect(times('sendEnvelope')).toBe(0);
  });

  it('says so when the provider refuses for no cause that shows', async () => {
    world.mishaps.push({ call: 'sendEnvelope', error: new ProviderError('conflict', 'conflict', { status: 409 }) });
    expect(await run(activities.sendEnvelope, [send])).toEqual({ kind: 'conflict' });
  });

  it('does not guess a second time at a status it has never heard of', async () => {
    world.only().status = 'unknown';
    expect((await failureOf(run(activities.sendEnvelope, [send], 2))).type).toBe('answer-unreadable');
    expect(times('sendEnvelope')).toBe(0);
  });
});

describe('waiting for the fields', () => {
  it('looks once and fails benignly while detection runs, later and later', async () => {
    world.detection = { fieldsStatus: 'pending', detectionError: null };
    await run(activities.createEnvelope, [draft]);
    const look = (attempt: number) =>
      failureOf(
        run(activities.awaitFields, [{ dealId: '42', provider: 'atlas' as const, envelopeId: 'env-1' }], attempt),
      );
    const [first, tenth, hundredth] = [await look(1), await look(10), await look(100)];
    expect(first).toMatchObject({ type: 'fields-pending', category: 'BENIGN' });
    expect(Number(first.nextRetryDelay)).toBeLessThan(Number(tenth.nextRetryDelay));
    expect(hundredth.nextRetryDelay).toBe(30_000);
  });
});

describe('telling the CRM', () => {
  const record = crmRecordOf(aDealIn('in-review'), 'in-review');

  it.each([
    ['refused', 1, 'crm-refused', true],
    ['unavailable', 1, 'crm-away', false],
    ['unavailable', 20, 'crm-unavailable', true],
  ] as const)('that is %s at try %i gives %s (final: %s)', async (kind, attempt, type, final) => {
    world.mishaps.push({ call: 'record', error: new CrmError(kind, 'no') });
    const failure = await failureOf(run(activities.recordInCrm, [record], attempt));
    expect([failure.type, Boolean(failure.nonRetryable)]).toEqual([type, final]);
  });
});

describe('filing the signed PDF', () => {
  it('keeps what an earlier try has filed, even if the provider draws the contract anew', async () => {
    const first = await run(activities.fileSignedPdf, [
      { dealId: '42', provider: 'atlas' as const, envelopeId: 'env-1', parties: draft.parties },
    ]);
    world.signedPdf = await aSignedPdf(3);
    const second = await run(
      activities.fileSignedPdf,
      [{ dealId: '42', provider: 'atlas' as const, envelopeId: 'env-1', parties: draft.parties }],
      2,
    );
    expect(second).toEqual(first);
    expect(world.files.size).toBe(1);
  });

  it.each([
    ['empty', new Uint8Array()],
    ['cut off', signedPdf.slice(0, signedPdf.length / 2)],
    ['a web page', new TextEncoder().encode('<html>try again</html>')],
  ])('does not file a download that is %s, and tries again', async (_what, bytes) => {
    world.signedPdf = bytes;
    const failure = await failureOf(
      run(activities.fileSignedPdf, [
        { dealId: '42', provider: 'atlas' as const, envelopeId: 'env-1', parties: draft.parties },
      ]),
    );
    expect([failure.type, Boolean(failure.nonRetryable)]).toEqual(['signed-pdf-unreadable', false]);
    expect(world.files.size).toBe(0);
  });
});

describe('voiding', () => {
  const order = { dealId: '42', provider: 'atlas' as const, revision: 1, envelopeId: 'env-1', reason: 'deal lost' };
  beforeEach(() => run(activities.createEnvelope, [draft]));

  it('answers what became of the envelope when it ended first', async () => {
    world.mishaps.push({ call: 'voidEnvelope', error: new ProviderError('conflict', 'signed', { status: 409 }) });
    const read = world.provider.readEnvelope.bind(world.provider);
    let reads = 0;
    world.provider.readEnvelope = async (id) => ({
      ...(await read(id)),
      status: (reads += 1) > 1 ? 'signed' : 'pending',
    });
    expect((await run(activities.voidEnvelope, [order]))?.status).toBe('signed');
  });

  it('is refused, for a person to mend, when the provider will not and the envelope lives', async () => {
    world.mishaps.push({ call: 'voidEnvelope', error: new ProviderError('conflict', 'no', { status: 409 }) });
    expect((await failureOf(run(activities.voidEnvelope, [order]))).type).toBe('void-refused');
  });

  it('twice is once', async () => {
    await run(activities.voidEnvelope, [order]);
    expect((await run(activities.voidEnvelope, [order], 2))?.status).toBe('voided');
    expect(times('voidEnvelope')).toBe(1);
  });
});

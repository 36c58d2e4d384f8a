import { describe, expect, it } from 'vitest';
import { createAtlasProvider } from '../../src/signing/atlas/provider.js';
import type { EnvelopeReading } from '../../src/signing/provider.js';
import { aClient, aServer, json } from './local-atlas.js';

/** Reads back an envelope of which Atlas says `envelope`, and `status` on the light route. */
async function read(
  envelope: unknown,
  status: unknown = { status: 'pending' },
): Promise<EnvelopeReading & { calls: number }> {
  const server = await aServer((asked, response) =>
    json(response, 200, asked.url.endsWith('/status') ? status : envelope),
  );
  const reading = await createAtlasProvider(aClient(server.url)).readEnvelope('env-1');
  return { ...reading, calls: server.asked.length };
}

const TWO = [
  { email: 'ann@a.test', role: 'Customer', order: 1 },
  { email: 'bob@b.test', order: 2 },
];

describe('an envelope’s reading', () => {
  it('holds all that a deal needs, in one call', async () => {
    const reading = await read({
      envelope_id: 'env-1',
      status: 'pending',
      fields_status: 'ready',
      fields_version: 4,
      review_url: 'https://atlas.test/review/env-1?rt=x',
      metadata: { external_id: 'deal-1/r1', other: 1 },
      parties: [
        { email: 'bob@b.test', order: 2, status: 'pending' },
        { email: 'ann@a.test', role: 'Customer', order: 1, status: 'signed' },
        { email: 'cc@c.test', role_type: 'cc', order: 3, status: null },
      ],
    });
    expect(reading).toEqual({
      envelopeId: 'env-1',
      status: 'pending',
      sent: true,
      fieldsStatus: 'ready',
      fieldsVersion: 4,
      detectionError: null,
      parties: [
        { role: 'Customer', order: 1, status: 'signed' },
        { role: 'signer 2', order: 2, status: 'pending' },
        { role: 'cc', order: 3, status: 'copied' },
      ],
      signedCount: 1,
      reviewUrl: 'https://atlas.test/review/env-1?rt=x',
      externalId: 'deal-1/r1',
      reason: null,
      calls: 1,
    });
  });

  it.each([
    [{ data: { id: 'env-1', status: 'signed' } }],
    [{ success: true, status: 'ok', envelope: { id: 'env-1', status: 'SIGNED ' } }],
    [{ data: { envelope: { envelope_id: 'env-1', status: 'signed' } } }],
  ])('is found in %j', async (envelope) => {
    expect(await read(envelope)).toMatchObject({ status: 'signed', envelopeId: 'env-1', calls: 1 });
  });

  it('says unknown for words never seen, instead of failing', async () => {
    expect(
      await read({
        id: 'env-1',
        status: 'half_signed',
        fields_status: 'thinking',
        parties: [{ order: 1, status: 'napping' }],
      }),
    ).toMatchObject({
      status: 'unknown',
      fieldsStatus: 'unknown',
      parties: [{ order: 1, status: 'unknown' }],
    });
  });

  it('says unknown of fields that are not told', async () => {
    expect(await read({ id: 'env-1', status: 'draft' })).toMatchObject({
      fieldsStatus: 'unknown',
      fieldsVersion: null,
      parties: null,
    });
  });

  it.each([
    [{ sent_at: '2026-07-01T10:00:00Z', declined_at: '2026-07-02T10:00:00Z' }, 'declined'],
    [{ sent_at: '2026-07-01T10:00:00Z', voided_at: '2026-07-02T10:00:00Z' }, 'voided'],
    [{ sent_at: '2026-07-01T10:00:00Z', signed_at: '2026-07-02T10:00:00Z' }, 'signed'],
    [{ sent_at: '2026-07-01T10:00:00Z', completed_at: '2026-07-02T10:00:00Z' }, 'signed'],
    [{ sent_at: null, signed_at: null }, 'draft'],
  ])('takes the status from the times %j', async (times, status) => {
    expect(await read({ id: 'env-1', ...times })).toMatchObject({ status, calls: 1 });
  });

  it.each([
    [{ status: 'voided', sent_at: '2026-07-01T10:00:00Z' }, true],
    [{ status: 'voided', sent_at: null }, false],
    [{ status: 'voided' }, null],
    [{ status: 'napping' }, null],
    [{ status: 'draft' }, false],
    [{ status: 'draft', sent_at: null }, false],
    [{ status: 'pending' }, true],
    [{ status: 'signed' }, true],
    [{ status: 'declined' }, true],
    // A signature needs a send, whatever else the answer says.
    [{ status: 'signed', sent_at: null }, true],
  ])('tells whether %j was ever sent: %s', async (envelope, sent) => {
    expect((await read({ id: 'env-1', ...envelope })).sent).toBe(sent);
  });

  it('asks the light route where neither status nor times are told', async () => {
    expect(await read({ id: 'env-1' }, { status: 'signed', signed_count: 2 })).toMatchObject({
      status: 'signed',
      signedCount: 2,
      calls: 2,
    });
  });

  it('asks the light route for the progress of an envelope that is out', async () => {
    const reading = await read(
      { id: 'env-1', status: 'pending', parties: TWO },
      { status: 'pending', signed_count: 1, total: 2 },
    );
    expect(reading).toMatchObject({ signedCount: 1, calls: 2 });
    expect(reading.parties?.map((party) => party.status)).toEqual(['signed', 'pending']);
  });

  it.each([
    ['draft', undefined, ['waiting', 'waiting']],
    ['pending', 0, ['pending', 'waiting']],
    ['pending', 1, ['signed', 'pending']],
    ['signed', undefined, ['signed', 'signed']],
    ['declined', 1, ['signed', 'declined']],
    ['voided', 1, ['signed', 'waiting']],
  ])(
    'of a %s one with %s signatures derives the parties’ progress in order',
    async (status, signed_count, expected) => {
      const reading = await read({ id: 'env-1', status, signed_count, parties: [...TWO].reverse() });
      expect(reading.parties?.map((party) => party.status)).toEqual(expected);
      expect(reading.parties?.map((party) => party.order)).toEqual([1, 2]);
    },
  );

  it('leaves the progress open where nothing tells it', async () => {
    expect(await read({ id: 'env-1', status: 'declined', parties: TWO })).toMatchObject({
      parties: null,
      signedCount: null,
    });
  });

  it.each([
    [{ status: 'declined', decline_reason: ' Too dear ' }, 'Too dear'],
    [{ status: 'declined', parties: [{ order: 1, status: 'declined', decline_reason: 'Too dear' }] }, 'Too dear'],
    [{ status: 'voided', void_reason: 'New terms' }, 'New terms'],
    [{ status: 'voided', reason: 'New terms' }, 'New terms'],
    [{ status: 'voided', reason: '' }, null],
    [{ status: 'signed', reason: 'not for this' }, null],
  ])('tells the reason of %j', async (envelope, reason) => {
    expect((await read({ id: 'env-1', ...envelope })).reason).toBe(reason);
  });

  it('tells why detection failed, without addresses', async () => {
    const metadata = { detection_error: 'page 2 of ann@example.com is blank', external_id: null };
    expect(await read({ id: 'env-1', status: 'draft', fields_status: 'failed', metadata })).toMatchObject({
      fieldsStatus: 'failed',
      detectionError: 'page 2 of [hidden] is blank',
      externalId: null,
    });
    const structured = await read({ id: 'env-1', status: 'draft', metadata: { detection_error: { stage: 'ocr' } } });
    expect(structured.detectionError).toBe('{"stage":"ocr"}');
  });

  it('reads metadata that comes back as the text it was sent as', async () => {
    expect(await read({ id: 'env-1', status: 'draft', metadata: '{"external_id":"deal-1/r1"}' })).toMatchObject({
      externalId: 'deal-1/r1',
    });
  });
});

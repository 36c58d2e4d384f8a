import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readAtlasEvent, verifyAtlasSignature } from '../../src/signing/atlas/webhook.js';

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
const sign = (body: Uint8Array, key: string): string => createHmac('sha256', key).update(body).digest('hex');

// Atlas notes 11.5.
const BODY = utf8('{"event":"envelope.signed","envelope_id":"e1"}');
const HEX = 'a625774030d15cbe2263c83986842397a2029b07a43c25adc0097583826b5bde';

describe('the signature of a webhook', () => {
  it('fits the known test vector', () => {
    expect(BODY).toHaveLength(46);
    expect(verifyAtlasSignature(BODY, `sha256=${HEX}`, ['test_key'])).toBe(true);
  });

  it.each([HEX, `SHA256=${HEX}`, `sha256=${HEX.toUpperCase()}`, `  sha256=${HEX}  `])('may be written %s', (header) => {
    expect(verifyAtlasSignature(BODY, header, ['test_key'])).toBe(true);
  });

  it('may be of any key that still counts, in any place', () => {
    const header = `sha256=${HEX}`;
    expect(verifyAtlasSignature(BODY, header, ['new_key', 'test_key'])).toBe(true);
    expect(verifyAtlasSignature(BODY, header, ['test_key', 'old_key'])).toBe(true);
    expect(verifyAtlasSignature(BODY, header, ['test_key', 'test_key'])).toBe(true);
    expect(verifyAtlasSignature(BODY, header, ['new_key', 'old_key'])).toBe(false);
    expect(verifyAtlasSignature(BODY, header, [])).toBe(false);
  });

  it('of an empty key never counts, since anybody can make it', () => {
    expect(verifyAtlasSignature(BODY, sign(BODY, ''), [''])).toBe(false);
    expect(verifyAtlasSignature(BODY, sign(BODY, ''), ['', 'test_key'])).toBe(false);
  });

  it.each([
    undefined,
    '',
    'sha256=',
    `sha256=${HEX.slice(1)}`,
    `sha256=${HEX}0`,
    `sha256=${HEX.slice(0, -1)}g`,
    `sha1=${HEX}`,
    `sha256=sha256=${HEX}`,
    `sha256=${HEX.slice(0, -2)}\u00e9`,
    Buffer.from(HEX, 'hex').toString('base64'),
  ])('is refused when written %j', (header) => {
    expect(verifyAtlasSignature(BODY, header, ['test_key'])).toBe(false);
  });

  it('covers the exact bytes: any change of body or signature is refused', () => {
    const bytes = fc.uint8Array({ minLength: 1, maxLength: 64 });
    fc.assert(
      fc.property(
        bytes,
        fc.string({ minLength: 1 }),
        fc.nat(),
        fc.integer({ min: 1, max: 255 }),
        (body, key, place, flip) => {
          const header = `sha256=${sign(body, key)}`;
          expect(verifyAtlasSignature(body, header, [key])).toBe(true);
          const changed = body.map((byte, index) => (index === place % body.length ? byte ^ flip : byte));
          expect(verifyAtlasSignature(changed, header, [key])).toBe(false);
        },
      ),
    );
  });
});

describe('the body of a webhook', () => {
  const expected = { event: 'envelope.sent', envelopeId: 'env-1', externalId: 'deal-1/r1', clientReferenceId: '1' };
  const metadata = { external_id: 'deal-1/r1', client_reference_id: '1', free: true };

  it.each([
    [{ event: 'envelope.sent', envelope_id: 'env-1', metadata, parties: [{ email: 'ann@a.test' }] }],
    [{ event: 'envelope.sent', id: 'evt-9', data: { envelope_id: 'env-1', metadata } }],
    [{ event: 'envelope.sent', id: 'evt-9', data: { id: 'env-1', metadata } }],
    [{ event: 'envelope.sent', data: { envelope: { id: 'env-1', metadata } } }],
    [{ event: 'envelope.sent', envelope: { envelope_id: 'env-1', metadata } }],
    [{ data: { event: 'envelope.sent', envelope_id: 'env-1', metadata } }],
  ])('is read from %j', (body) => {
    expect(readAtlasEvent(utf8(JSON.stringify(body)))).toEqual({ value: expected });
  });

  it.each([undefined, null, 'text', {}, { external_id: 7, client_reference_id: null }])(
    'goes without metadata: %j',
    (odd) => {
      const read = readAtlasEvent(
        utf8(JSON.stringify({ event: 'contract.extracted', envelope_id: 'env-1', metadata: odd })),
      );
      expect(read).toEqual({ value: { event: 'contract.extracted', envelopeId: 'env-1' } });
    },
  );

  it.each([
    ['', 'the body is not a JSON object'],
    ['{"event":"envelope.sent","to":"ann@a.test"', 'the body is not a JSON object'],
    ['["ann@a.test"]', 'the body is not a JSON object'],
    ['{"envelope_id":"env-1"}', 'event: '],
    ['{"event":"envelope.sent","id":"evt-1"}', 'envelope_id: '],
    ['{"event":{"ann@a.test":1},"envelope_id":""}', 'event: '],
  ])('%j is refused by naming what is wrong, not who', (body, problem) => {
    const read = readAtlasEvent(utf8(body));
    expect(read.value).toBeUndefined();
    expect(read.problem).toContain(problem);
    expect(read.problem).not.toContain('ann');
  });

  it('never makes the reader throw', () => {
    fc.assert(fc.property(fc.uint8Array(), (bytes) => void readAtlasEvent(bytes)));
    fc.assert(fc.property(fc.json(), (text) => void readAtlasEvent(utf8(text))));
  });
});

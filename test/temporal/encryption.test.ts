import { createSecretKey } from 'node:crypto';
import { defaultPayloadConverter, type Payload } from '@temporalio/common';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createEncryption, keyIdOf, UndecipherablePayload } from '../../src/temporal/encryption.js';

const keyOf = (id: string, fill: number) => ({ id, secret: createSecretKey(Buffer.alloc(32, fill)) });
const [ONE, TWO] = [keyOf('one', 1), keyOf('two', 2)];
const codec = createEncryption([ONE, TWO]);

const payloadOf = (value: unknown): Payload => defaultPayloadConverter.toPayload(value);
const valueOf = (payload: Payload | undefined): unknown => payload && defaultPayloadConverter.fromPayload(payload);

async function encodedOf(value: unknown, by = codec): Promise<Payload> {
  const [payload] = await by.encode([payloadOf(value)]);
  if (!payload) throw new Error('nothing was encoded');
  return payload;
}

describe('encryption', () => {
  it('gives back whatever was encrypted, bytes and nothing at all too', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          fc.json().map((text) => JSON.parse(text) as unknown),
          fc.uint8Array(),
        ),
        async (value) => {
          const payload = await encodedOf(value);
          expect(valueOf((await codec.decode([payload]))[0])).toEqual(value);
        },
      ),
      { numRuns: 100 },
    );
    const nothing = await encodedOf(undefined);
    expect(valueOf((await codec.decode([nothing]))[0])).toBeUndefined();
    expect(await codec.decode([])).toEqual([]);
  });

  it('hides what kind of value it is, and makes another payload of it each time', async () => {
    const [one, other] = [await encodedOf({ a: 1 }), await encodedOf({ a: 1 })];
    expect(Object.keys(one.metadata ?? {})).toEqual(['encoding', 'encryption-cipher', 'encryption-key-id']);
    expect(Buffer.from(one.data ?? []).toString('latin1')).not.toContain('json/plain');
    expect(one.data).not.toEqual(other.data);
    expect(one.data?.subarray(0, 12)).not.toEqual(other.data?.subarray(0, 12));
    expect([keyIdOf(one), keyIdOf(payloadOf(1))]).toEqual(['one', null]);
  });

  it('decodes by every key and passes what is not encrypted', async () => {
    const old = await encodedOf('old', createEncryption([TWO]));
    const decoded = await codec.decode([old, payloadOf('plain'), await encodedOf('new')]);
    expect(decoded.map(valueOf)).toEqual(['old', 'plain', 'new']);
  });

  it('leaves payloads plain without keys, and still tells those that are encrypted', async () => {
    const none = createEncryption([]);
    const [plain] = await none.encode([payloadOf('x')]);
    expect(plain).toEqual(payloadOf('x'));
    await expect(none.decode([await encodedOf('x')])).rejects.toThrow(/the key one, which is not in PAYLOAD_KEYS/);
  });

  it('names a key that is missing, and says what to do', async () => {
    const payload = await encodedOf('x', createEncryption([keyOf('2025-12', 3)]));
    const error = await codec.decode([payload]).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(UndecipherablePayload);
    expect(error).toMatchObject({
      keyId: '2025-12',
      message: expect.stringMatching(/the key 2025-12, which is not in PAYLOAD_KEYS: put it back/) as unknown,
    });
  });

  it('does not repeat a key id that anybody may have written', async () => {
    const payload = await encodedOf('x');
    const metadata = { ...payload.metadata, 'encryption-key-id': Buffer.from('ada@customer.example\nfatal') };
    const error = await codec.decode([{ ...payload, metadata }]).catch((reason: unknown) => reason);
    expect(String(error)).toContain('the key of an unreadable name');
    expect(JSON.stringify([String(error), error])).not.toContain('customer.example');
  });

  it('refuses what was altered, cut short, or given another key’s id', async () => {
    const payload = await encodedOf({ stage: 'signed' }, createEncryption([TWO]));
    const data = Buffer.from(payload.data ?? []);
    const changed = (at: number): Payload => {
      const copy = Buffer.from(data);
      copy[at] = (copy[at] ?? 0) ^ 1;
      return { ...payload, data: copy };
    };
    const relabelled = { ...payload, metadata: { ...payload.metadata, 'encryption-key-id': Buffer.from('one') } };
    const bad = [
      ...[...data.keys()].map(changed),
      ...[0, 1, 12, 27, 28, data.length - 1].map((length) => ({ ...payload, data: data.subarray(0, length) })),
      relabelled,
    ];
    for (const one of bad) await expect(codec.decode([one])).rejects.toThrow(/cannot be decrypted with the key/);
    // The id is bound to the payload even where both ids mean the same key.
    const twins = createEncryption([{ ...ONE, secret: TWO.secret }, TWO]);
    await expect(twins.decode([relabelled])).rejects.toThrow(UndecipherablePayload);
  });
});

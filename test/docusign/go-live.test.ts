import { describe, expect, it } from 'vitest';
import type { CallEntry } from '../../src/docusign/call-log.js';
import { readinessOf } from '../../src/docusign/go-live.js';

const MINUTE = 60_000;
let minute = 0;
/** A call a minute, well answered unless said otherwise. */
function aCall(changed: Partial<CallEntry> = {}): CallEntry {
  minute += 1;
  return {
    at: new Date(1_700_000_000_000 + minute * MINUTE).toISOString(),
    key: 'aaaaaaaa',
    environment: 'developer',
    api: 'esignature',
    method: 'POST',
    route: '/envelopes',
    envelope: null,
    resource: null,
    status: 201,
    code: null,
    ms: 5,
    ...changed,
  };
}
const calls = (number: number, changed: Partial<CallEntry> = {}) =>
  Array.from({ length: number }, () => aCall(changed));
const reading = (resource: string, changed: Partial<CallEntry> = {}) =>
  aCall({ method: 'GET', route: '/envelopes/{id}', envelope: 'e', resource, status: 200, ...changed });
const only = (entries: CallEntry[]) => readinessOf(entries)[0];

describe('a key', () => {
  it('is ready after 20 eSignature calls in a row', () => {
    expect(only(calls(19))).toMatchObject({ ready: false, streak: 19, wanted: 20, broken: null });
    expect(only(calls(20))).toMatchObject({ ready: true, streak: 20, calls: 20 });
  });

  it.each([
    ['a refusal', { status: 404, code: 'ENVELOPE_DOES_NOT_EXIST' }, 'answered 404 (ENVELOPE_DOES_NOT_EXIST)'],
    ['a redirect', { status: 302 }, 'answered 302'],
    ['a call without an answer', { status: null }, 'no whole answer'],
  ])('begins anew after %s', (_what, failed, why) => {
    const readiness = only([...calls(30), aCall(failed), ...calls(5)]);
    expect(readiness).toMatchObject({ ready: false, streak: 5, broken: { why } });
  });

  it('is judged by eSignature calls alone', () => {
    const others = (['oauth', 'userinfo', 'monitor', 'admin'] as const).flatMap((api) =>
      calls(2, { api, status: 500 }),
    );
    expect(only([...calls(10), ...others, ...calls(10)])).toMatchObject({
      ready: true,
      streak: 20,
      apart: { oauth: 2, userinfo: 2, monitor: 2, admin: 2 },
    });
  });

  it('begins anew when it polls one resource of an envelope', () => {
    const readiness = only([...calls(20), reading('r1'), ...calls(13), reading('r1')]);
    expect(readiness).toMatchObject({
      ready: false,
      streak: 0,
      polling: 1,
      broken: { why: expect.stringContaining('polling') as unknown },
    });
  });

  it('does not poll by other resources, by writing, after 15 minutes, or after a refusal', () => {
    const refused = reading('r3', { status: 401 });
    const fine = [reading('r1'), reading('r2'), reading('r1', { method: 'PUT' }), ...calls(12), reading('r1')];
    expect(only(fine)?.polling).toBe(0);
    expect(only([refused, reading('r3')])?.polling).toBe(0);
    expect(only([reading('r4', { status: null }), reading('r4')])?.polling).toBe(1);
  });

  it('stands for itself, and calls in production do not count', () => {
    const entries = [
      ...calls(20),
      ...calls(3, { key: 'bbbbbbbb' }),
      ...calls(9, { environment: 'production', status: 500 }),
    ];
    expect(readinessOf(entries).map(({ key, streak, ready }) => [key, streak, ready])).toEqual([
      ['aaaaaaaa', 20, true],
      ['bbbbbbbb', 3, false],
    ]);
  });

  it('is not there without calls', () => {
    expect(readinessOf([])).toEqual([]);
  });
});

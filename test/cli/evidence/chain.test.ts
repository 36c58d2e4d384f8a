import { describe, expect, it } from 'vitest';
import { chain, follow, sha256 } from '../../../src/cli/evidence/chain.js';

const ENTRIES = [
  { kind: 'deal', dealId: '42' },
  { kind: 'message', name: 'review', payload: { decision: 'approve', reviewer: 'rita' } },
  { kind: 'webhook', receipt: { event: 'envelope.signed', hash: 'x' } },
];
const { text, head } = chain(ENTRIES);
const lines = text.trimEnd().split('\n');
const joined = (changed: readonly string[]) => `${changed.join('\n')}\n`;

describe('a chain of evidence', () => {
  it('holds its entries in order and closes with their number', () => {
    const followed = follow(text);
    expect(followed).toMatchObject({ ok: true, head, entries: [...ENTRIES, { kind: 'end', entries: 3 }] });
  });

  it('can be checked with nothing but a SHA-256', () => {
    for (const line of lines) {
      const [, body, hash] = /^(.*),"hash":"(\w+)"\}$/.exec(line) ?? [];
      expect(sha256(`${body}}`)).toBe(hash);
    }
  });

  it.each([
    ['a changed word', joined(lines.map((line) => line.replace('rita', 'otto'))), 2, 'its text was changed'],
    ['a line that is taken out', joined(lines.filter((_, index) => index !== 1)), 2, 'the line above it is missing'],
    [
      'two lines that change places',
      joined([lines[1] ?? '', lines[0] ?? '', ...lines.slice(2)]),
      1,
      'the line above it',
    ],
    [
      'a line that is put in',
      joined([
        lines[0] ?? '',
        ...chain([{ kind: 'x' }])
          .text.split('\n')
          .slice(0, 1),
        ...lines.slice(1),
      ]),
      2,
      'the line above',
    ],
    ['a line that is there twice', joined([...lines.slice(0, 2), ...lines.slice(1)]), 3, 'the line above it'],
    ['lines that are cut off', joined(lines.slice(0, 2)), 3, 'the end is missing'],
    ['half a line', text.slice(0, -40), 4, 'it is not a line of evidence'],
    ['what is no JSON', `hello\n${text}`, 1, 'it is not a line of evidence'],
    ['an empty file', '', 1, 'the end is missing'],
  ])('with %s is broken there', (_what, broken, line, why) => {
    expect(follow(broken)).toMatchObject({ ok: false, line, broken: expect.stringContaining(why) as unknown });
  });

  it('that is made up anew ends with another hash', () => {
    const forged = chain(ENTRIES.map((entry) => ({ ...entry, by: 'me' })));
    expect(follow(forged.text).ok).toBe(true);
    expect(forged.head).not.toBe(head);
  });
});

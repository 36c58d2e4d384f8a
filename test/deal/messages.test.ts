import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  READERS,
  readAmend,
  readCancel,
  readRemind,
  readResume,
  readReview,
  type MessageName,
} from '../../src/deal/messages.js';

/** Rows of a table of signals: | `name` | `payload` | */
function payloadsIn(file: string): { file: string; name: MessageName; payload: string }[] {
  const text = readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8');
  return [...text.matchAll(/^\| `(review|cancel|amend|resume|remind)` \| `(\{.*?\})` \|/gm)].map(
    ([, name, payload = '']) => ({ file, name: name as MessageName, payload }),
  );
}

describe('a payload to paste', () => {
  const payloads = [...payloadsIn('README.md'), ...payloadsIn('docs/temporal-ui.md')];

  it('is there for every signal', () => {
    expect(new Set(payloads.map(({ name }) => name))).toEqual(new Set(Object.keys(READERS)));
  });

  it.each(payloads)('of $file for $name is understood, as JSON and as a text of it', ({ name, payload }) => {
    const read = READERS[name](JSON.parse(payload));
    expect(read.problem).toBeUndefined();
    expect(READERS[name](payload)).toEqual(read);
  });
});

describe('a person who types', () => {
  it.each([
    [{ decision: 'Approved', by: 'rita' }, 'approve'],
    [{ decision: ' APPROVE ', reviewer: 'rita' }, 'approve'],
    [{ decision: 'rejected', reviewer: 'rita' }, 'reject'],
  ])('%o is understood as %s', (input, decision) => {
    expect(readReview(input)).toEqual({ value: { decision, reviewer: 'rita' } });
  });

  it('may name themselves as reviewer in any message', () => {
    expect(readResume({ reviewer: 'otto' })).toEqual({ value: { by: 'otto' } });
    expect(readCancel('{"reason": "lost", "reviewer": "otto"}')).toEqual({ value: { reason: 'lost', by: 'otto' } });
  });

  it.each([
    [readReview, { decision: 'appprove', reviewer: 'rita' }, 'decision must be'],
    [readReview, { decision: 'approve' }, 'reviewer must name'],
    [readReview, 'approve', 'review expects'],
    [readReview, '{"decision": ', 'review expects'],
    [readReview, '["approve"]', 'review expects'],
    [readCancel, 'otto', 'cancel expects'],
    [readRemind, null, 'remind expects'],
    [readResume, 7, 'resume expects'],
    [readAmend, '{}', 'amend expects'],
  ] as const)('%o does not pass %j', (read, input, problem) => {
    expect(read(input)).toEqual({ problem: expect.stringContaining(problem) as unknown });
  });
});

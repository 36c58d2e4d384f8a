import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DealsUnavailable } from '../../../src/gateway/deals.js';
import { aStart, paperDeals } from '../../gateway/a-gateway.js';
import { countersign } from './a-command.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'countersign-start-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function file(content: string): Promise<string> {
  const path = join(folder, 'deals.json');
  await writeFile(path, content);
  return path;
}

describe('countersign deals start', () => {
  it('starts the deal of a file, by the policy of its type', async () => {
    const { code, out, deals, opened } = await countersign(['start', await file(JSON.stringify(aStart()))]);
    expect({ code, out }).toEqual({ code: 0, out: '42  started: deal-42\n' });
    expect(deals.started).toMatchObject([{ dealId: '42', documentType: 'order-form' }]);
    expect(opened).toEqual([{ starting: true }]);
  });

  it('says that a deal was open already', async () => {
    const deals = paperDeals();
    deals.answers.start = () => ({ kind: 'attached', workflowId: 'deal-42' });
    const { code, out } = await countersign(['start', '-'], { deals, stdin: JSON.stringify(aStart()) });
    expect({ code, out }).toEqual({ code: 0, out: '42  was open already: deal-42\n' });
    const asJson = await countersign(['start', '-', '--json'], { deals, stdin: JSON.stringify(aStart()) });
    expect(JSON.parse(asJson.out)).toEqual({ ok: true, dealId: '42', workflowId: 'deal-42', started: false });
  });

  it.each([
    ['a list', (bodies: object[]) => JSON.stringify(bodies, null, 2)],
    ['one a line', (bodies: object[]) => bodies.map((body) => JSON.stringify(body)).join('\n\n')],
  ])('starts several deals, given as %s', async (_what, write) => {
    const { code, out, deals } = await countersign(['start', '-'], {
      stdin: write([aStart({ dealId: 'a' }), aStart({ dealId: 'b' })]),
    });
    expect(code).toBe(0);
    expect(out).toBe('a  started: deal-42\nb  started: deal-42\n2 of 2 deals are under way.\n');
    expect(deals.started.map(({ dealId }) => dealId)).toEqual(['a', 'b']);
  });

  it('reads one deal that is written over several lines', async () => {
    const { code, deals } = await countersign(['start', '-'], { stdin: JSON.stringify(aStart(), null, 2) });
    expect({ code, started: deals.started.length }).toEqual({ code: 0, started: 1 });
  });

  it('ends with code 1 when one of several is refused, and starts the others', async () => {
    const bodies = [aStart({ dealId: 'a', documentType: 'none' }), aStart({ dealId: 'b' })];
    const { code, out, err, deals } = await countersign(['start', '-'], { stdin: JSON.stringify(bodies) });
    expect(code).toBe(1);
    expect(err).toMatch(/^a {2}failed: documentType: is not in the document types file/);
    expect(out).toContain('b  started');
    expect(deals.started.map(({ dealId }) => dealId)).toEqual(['b']);
    const asJson = await countersign(['start', '-', '--json'], { stdin: JSON.stringify(bodies) });
    expect(JSON.parse(asJson.out)).toMatchObject({
      ok: false,
      deals: [
        { ok: false, dealId: 'a', kind: 'invalid-body', errors: [{ path: 'documentType' }] },
        { ok: true, dealId: 'b' },
      ],
    });
  });

  it('says where broken JSON is broken, quotes none of it and starts nothing', async () => {
    const broken = '{"dealId": "42",\n "parties": [{"email": "ada@customer.example" "x": 1}]}';
    const { code, err, deals } = await countersign(['start', await file(broken)]);
    expect(code).toBe(1);
    expect(err).toMatch(/deals\.json is no JSON: line 2, column 47: a comma or } should stand here\n$/);
    expect(err).not.toContain('ada');
    expect(deals.started).toEqual([]);
  });

  it('names the broken line of several, and starts none of them', async () => {
    const stdin = `${JSON.stringify(aStart())}\n\n{"dealId": }\n`;
    const { code, err, deals } = await countersign(['start', '-'], { stdin });
    expect({ code, started: deals.started }).toEqual({ code: 1, started: [] });
    expect(err).toContain('the standard input is no JSON: line 3, column 12: a value should stand here');
  });

  it.each([
    ['', /is empty/],
    ['[]', /holds no deal/],
  ])('refuses %j', async (stdin, said) => {
    const { code, err } = await countersign(['start', '-'], { stdin });
    expect(code).toBe(1);
    expect(err).toMatch(said);
  });

  it('says which file it cannot read', async () => {
    const { code, err } = await countersign(['start', join(folder, 'nowhere.json')]);
    expect(code).toBe(1);
    expect(err).toMatch(/nowhere\.json cannot be read \(ENOENT\)\n$/);
  });

  it('does not try hundreds of deals on a Temporal that is away', async () => {
    const deals = paperDeals();
    deals.answers.start = () => {
      throw new DealsUnavailable('temporal-unavailable', 'Temporal cannot be reached.');
    };
    const stdin = JSON.stringify(Array.from({ length: 300 }, (_, index) => aStart({ dealId: `D-${index}` })));
    const { code, err } = await countersign(['start', '-'], { deals, stdin });
    expect({ code, tried: deals.started.length }).toEqual({ code: 1, tried: 3 });
    expect(err).toContain('D-299  failed: not tried\n');
  });
});

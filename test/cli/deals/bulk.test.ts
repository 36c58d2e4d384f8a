import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { actOnAll } from '../../../src/cli/deals/bulk.js';
import { snapshotOf } from '../../../src/deal/showing.js';
import { DealsUnavailable, type Told } from '../../../src/gateway/deals.js';
import { Problem } from '../../../src/gateway/problem.js';
import { paperDeals, type PaperDeals } from '../../gateway/a-gateway.js';
import { aDealIn } from '../../support/deals.js';
import { aLine, countersign, type Surroundings } from './a-command.js';

let folder: string;
let journal: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'countersign-bulk-'));
  journal = join(folder, 'journal.jsonl');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

function dealsFound(...dealIds: string[]): PaperDeals {
  const deals = paperDeals();
  deals.answers.list = () => ({ deals: dealIds.map((dealId) => aLine({ dealId })), next: null });
  return deals;
}

const bulk = (args: string[], around: Surroundings = {}) =>
  countersign(
    ['bulk', ...args, '--query', "DealStage = 'out-for-signature'", '--rate', '1000', '--journal', journal],
    around,
  );
const remindAll = (around: Surroundings, ...more: string[]) => bulk(['remind', '--yes', ...more], around);

const lines = async () =>
  (await readFile(journal, 'utf8'))
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);

/** Answers of the deals by their ids; the others take what they are told. */
function answering(deals: PaperDeals, answers: Record<string, () => Told>): PaperDeals {
  const original = deals.tell.bind(deals);
  deals.tell = async (dealId, ...rest) => {
    const taken = await original(dealId, ...rest);
    return answers[dealId]?.() ?? taken;
  };
  return deals;
}

const notNow = (): Told => ({ kind: 'not-now', workflowId: 'deal-b', why: 'the deal is in-review: nobody to remind' });

describe('countersign deals bulk', () => {
  it('acts on every open deal that the query finds, once each, and sums up', async () => {
    const deals = answering(dealsFound('a', 'b', 'c', 'a'), { b: notNow });
    const { code, out } = await remindAll({ deals });
    expect(code).toBe(0);
    expect(deals.listed).toMatchObject([{ open: true, query: "DealStage = 'out-for-signature'" }]);
    expect(deals.told.map(({ dealId, name, message }) => [dealId, name, message])).toEqual(
      ['a', 'b', 'c'].map((dealId) => [dealId, 'remind', { by: 'olaf' }]),
    );
    expect(out).toBe(
      'a\ttaken\nb\trefused\tNot now: the deal is in-review: nobody to remind.\nc\ttaken\n' +
        'refused: b: Not now: the deal is in-review: nobody to remind.\nremind: 2 done, 1 refused, 0 failed.\n',
    );
  });

  it('says with --dry-run what is possible, deal by deal, and writes nothing', async () => {
    const deals = dealsFound('a', 'b', 'c');
    deals.read = async (dealId) => {
      if (dealId === 'c') throw new DealsUnavailable('no-worker', 'No worker answered.');
      return { kind: 'deal', snapshot: snapshotOf(aDealIn(dealId === 'a' ? 'out-for-signature' : 'in-review')) };
    };
    const { code, out } = await bulk(['remind', '--dry-run'], { deals });
    expect(out).toBe(
      'a\tremind\tout-for-signature\nb\tnot now\tin-review\nc\tunknown\tNo worker answered.\n' +
        'remind is possible now for 1 of 3 deals, 1 did not answer. Nothing was done.\n',
    );
    expect(code).toBe(1);
    expect(deals.told).toEqual([]);
    expect(await readdir(folder)).toEqual([]);
  });

  it('goes on where it was cut off, without asking the list again', async () => {
    const stopped = new AbortController();
    const first = answering(dealsFound('a', 'b', 'c'), {
      b: () => {
        stopped.abort();
        return { kind: 'taken', workflowId: 'deal-b', repeat: false };
      },
    });
    const cut = await remindAll({ deals: first, signal: stopped.signal });
    expect(cut.code).toBe(1);
    expect(cut.out).toContain('remind: 2 done, 0 refused, 0 failed, 1 left.\n');
    expect(first.told.map(({ dealId }) => dealId)).toEqual(['a', 'b']);

    const second = dealsFound('x', 'y');
    expect((await remindAll({ deals: second })).code).toBe(0);
    expect(second.told.map(({ dealId }) => dealId)).toEqual(['c']);
    expect(second.listed).toEqual([]);
  });

  it('sends the same key again for a deal whose result was cut off', async () => {
    const first = dealsFound('a', 'b');
    await remindAll({ deals: first });
    const text = await readFile(journal, 'utf8');
    await writeFile(journal, text.slice(0, -20));
    const second = dealsFound();
    const { code } = await remindAll({ deals: second });
    expect(code).toBe(0);
    expect(second.told).toEqual([first.told[1]]);
    expect(await lines()).toHaveLength(3);
    expect(await remindAll({})).toMatchObject({ code: 0, out: expect.stringContaining('done before') as unknown });
  });

  it('asks the list again when the list itself was cut off', async () => {
    await writeFile(journal, '{"journal": "5f0c", "deals": ["a",');
    const { code, deals } = await remindAll({ deals: dealsFound('b') });
    expect({ code, told: deals.told.map(({ dealId }) => dealId) }).toEqual({ code: 0, told: ['b'] });
    expect(await lines()).toHaveLength(2);
  });

  it('does nothing when all is done, unless it is to begin again', async () => {
    const first = dealsFound('a');
    await remindAll({ deals: first });
    for (const more of [[], ['--dry-run']]) {
      const idle = await remindAll({ deals: dealsFound('a') }, ...more);
      expect(idle).toMatchObject({ code: 0, out: expect.stringContaining('--again') as unknown });
      expect([idle.deals.told, idle.deals.listed]).toEqual([[], []]);
    }
    const again = dealsFound('a');
    await remindAll({ deals: again }, '--again');
    expect(again.told).toHaveLength(1);
    expect(again.told[0]?.updateId).not.toBe(first.told[0]?.updateId);
  });

  it('tries failed deals again with the same command and the same key, and refused ones not', async () => {
    const failing = () => {
      throw new DealsUnavailable('no-worker', 'No worker took it in time.', { retryAfterSeconds: 0 });
    };
    const first = answering(dealsFound('a', 'b', 'c'), { a: failing, b: notNow });
    const failed = await remindAll({ deals: first }, '--json');
    expect(failed.code).toBe(1);
    expect(JSON.parse(failed.out)).toMatchObject({
      ...{ ok: false, deals: 3, done: 1, left: 0 },
      refused: [{ dealId: 'b', kind: 'not-now' }],
      failed: [{ dealId: 'a', kind: 'no-worker' }],
    });
    // Each try of one message is the same message.
    expect(first.told.filter(({ dealId }) => dealId === 'a')).toHaveLength(3);
    const second = dealsFound();
    expect((await remindAll({ deals: second })).code).toBe(0);
    expect(second.told).toEqual([first.told[0]]);
  }, 20_000);

  it('keeps nothing personal, and nothing for other users of the machine', async () => {
    const deals = answering(dealsFound('a', 'b'), {
      b: () => ({ kind: 'not-now', workflowId: 'deal-b', why: 'already approved by anna@firm.example' }),
    });
    await bulk(['cancel', '--yes', '--reason', 'Sam Signer (sam@customer.example) left'], { deals });
    expect(deals.told[0]).toMatchObject({
      name: 'cancel',
      message: { reason: 'Sam Signer (sam@customer.example) left' },
    });
    expect(await readFile(journal, 'utf8')).not.toMatch(/sam|anna|olaf|@/i);
    expect((await stat(journal)).mode & 0o077).toBe(0);
  });

  it('refuses the journal of another command, place or person', async () => {
    await remindAll({ deals: dealsFound('a') });
    const other = await bulk(['resume', '--yes'], { deals: dealsFound('a') });
    const elsewhere = await remindAll({ deals: dealsFound('a'), identity: 'gateway https://other.example' });
    for (const { code, err, deals } of [other, elsewhere]) {
      expect({ code, told: deals.told }).toEqual({ code: 2, told: [] });
      expect(err).toContain('--journal');
    }
  });

  it('refuses a file that is no journal', async () => {
    await writeFile(journal, 'dear diary\n');
    const { code, err, deals } = await remindAll({ deals: dealsFound('a') });
    expect({ code, told: deals.told }).toEqual({ code: 1, told: [] });
    expect(err).toContain('no journal');
    expect(await readFile(journal, 'utf8')).toBe('dear diary\n');
  });

  it('stops at once when nobody of this role may do it', async () => {
    const deals = answering(dealsFound('a', 'b'), {
      a: () => {
        throw new Problem(403, 'forbidden', 'The role viewer may not steer a deal.');
      },
    });
    const { code, err } = await remindAll({ deals });
    expect({ code, err }).toEqual({ code: 1, err: 'Failed: The role viewer may not steer a deal.\n' });
    expect(deals.told).toHaveLength(1);
  });

  it('asks a person to type how many deals, and needs --yes where nobody sits', async () => {
    const typed = (text: string) => bulk(['remind'], { deals: dealsFound('a', 'b'), columns: 80, typed: text });
    for (const wrong of ['', 'y', '3']) {
      const { code, err, deals } = await typed(wrong);
      expect({ code, told: deals.told }).toEqual({ code: 1, told: [] });
      expect(err).toContain('To remind 2 deals, type their number: ');
    }
    expect(await readdir(folder)).toEqual([]);
    expect((await typed(' 2')).deals.told).toHaveLength(2);
    const alone = await bulk(['resume'], { deals: dealsFound('a', 'b') });
    expect({ code: alone.code, told: alone.deals.told }).toEqual({ code: 2, told: [] });
  });

  it('draws its progress on a terminal only', async () => {
    const drawn: string[] = [];
    const { out } = await remindAll({ deals: dealsFound('a', 'b'), columns: 80, drawn });
    expect(out).toBe('remind: 2 done, 0 refused, 0 failed.\n');
    expect(drawn.join('')).toMatch(/\[\.+\] 0\/2.*\[#+\.+\] 1\/2 .*\/s .* s left.*\[#+\] 2\/2/s);
    expect(drawn.at(-1)).toBe('\r\u001b[K');
  });

  it.each([
    [['approve', '--yes']],
    [['cancel', '--yes']],
    [['remind', '--yes', '--reason', 'x']],
    [['cancel', '--yes', '--reason', 'x', '--note', 'y']],
    [['remind', '--yes', '--rate', '0']],
  ])('%j ends with code 2', async (args) => {
    const { code, deals } = await countersign(['bulk', ...args, '--query', 'X = 1'], { deals: dealsFound('a') });
    expect({ code, told: deals.told }).toEqual({ code: 2, told: [] });
  });

  it('has nothing to do for a query that finds nothing', async () => {
    const { code, out } = await remindAll({});
    expect({ code, out }).toEqual({ code: 0, out: 'The query finds no open deals: nothing to do.\n' });
    expect(await readdir(folder)).toEqual([]);
  });
});

describe('acting on many deals', () => {
  const acting = (over: Partial<Parameters<typeof actOnAll>[0]>) =>
    actOnAll({
      desk: { tell: async () => ({ workflowId: 'deal-a', queued: true }) },
      ...{ action: 'remind', body: {}, journalId: 'j', rate: 1000, retryMs: 1 },
      journal: { write: async () => undefined },
      dealIds: Array.from({ length: 15 }, (_, index) => `D-${index}`),
      signal: new AbortController().signal,
      tell: () => undefined,
      ...over,
    });

  it('is no faster than it may be', async () => {
    const times: number[] = [];
    await acting({ rate: 50, dealIds: ['a', 'b', 'c', 'd', 'e'], tell: () => void times.push(Date.now()) });
    expect((times.at(-1) ?? 0) - (times[0] ?? 0)).toBeGreaterThanOrEqual(75);
  });

  it('gives up when everything fails', async () => {
    const results: string[] = [];
    const tell = async () => {
      throw new Problem(503, 'gateway-unreachable', 'The gateway cannot be reached.');
    };
    expect(await acting({ desk: { tell }, tell: ({ result }) => void results.push(result) })).toBe('given-up');
    expect(results).toEqual(Array<string>(10).fill('failed'));
  });

  it('has each result on disk before the next deal hears of it', async () => {
    const order: string[] = [];
    await acting({
      dealIds: ['a', 'b'],
      desk: {
        tell: async (dealId) => {
          order.push(`tell ${dealId}`);
          return { workflowId: dealId, queued: false, repeat: false };
        },
      },
      journal: {
        write: async (line) => {
          await new Promise(setImmediate);
          if ('deal' in line) order.push(`write ${line.deal}`);
        },
      },
    });
    expect(order).toEqual(['tell a', 'write a', 'tell b', 'write b']);
  });
});

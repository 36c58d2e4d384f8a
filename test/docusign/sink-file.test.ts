import {
  appendFile,
  chmod,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { FeedEntry, FeedRow, FeedSink } from '../../src/docusign/rows.js';
import type { EventFileLimits } from '../../src/docusign/sinks/event-file.js';
import { createFileSink } from '../../src/docusign/sinks/file.js';
import { lockFile } from '../../src/docusign/sinks/file-lock.js';
import { entryOf } from '../../src/docusign/sinks/lines.js';
import { openSink } from '../../src/docusign/sinks/open.js';
import { readCustomerEvents } from '../../src/docusign/sinks/reading.js';
import { aLog, anEntry, entries, keepsTheSinkContract, keysOf, PERSONAL } from './sink-contract.js';
import { aSinkProgram, deliverUntil, STRIKES, type SinkProgram, type Strike, type Told } from './sink-process.js';

async function aFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'countersign-sink-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

async function linesOf(path: string): Promise<string[]> {
  const text = await readFile(path, 'utf8');
  expect(text === '' || text.endsWith('\n')).toBe(true);
  return text.split('\n').slice(0, -1);
}

async function entriesIn(folder: string): Promise<FeedEntry[]> {
  const names = (await readdir(folder)).filter((name) => /^events\.ndjson(\.\d+T\d+Z)?$/.test(name)).sort();
  const lines = (await Promise.all(names.map((name) => linesOf(join(folder, name))))).flat();
  return lines.map((line) => {
    const read = entryOf(line);
    if (!read) throw new Error('a line that is no row');
    return read.entry;
  });
}

describe('the sink in a file', () => {
  keepsTheSinkContract(async () => {
    const folder = await aFolder();
    const path = join(folder, 'below/it/events.ndjson');
    const open = (): Promise<FeedSink> =>
      openSink(
        { kind: 'file', path },
        { folder: '/nowhere', database: () => Promise.reject(new Error('unasked')), log: aLog() },
      );
    return {
      sink: await open(),
      async stored(feed) {
        const lines = await linesOf(path).catch(() => []);
        return lines.flatMap((line) => {
          const read = entryOf(line);
          return read?.feed === feed ? [read.entry] : [];
        });
      },
      again: open,
    };
  });

  const at = async (limits: Partial<EventFileLimits> = {}) => {
    const folder = await aFolder();
    const path = join(folder, 'events.ndjson');
    const log = aLog();
    return { folder, path, log, open: () => createFileSink(path, log, { patienceMs: 0, ...limits }) };
  };

  it('is for its owner only, with all that lies beside it', async () => {
    const { folder, path, open } = await at({ fileBytes: 10 });
    await writeFile(path, '{"torn', { mode: 0o600 });
    const sink = open();
    await sink.deliver('customer-events', [anEntry()]);
    await sink.deliver('customer-events', [anEntry()]);
    const names = await readdir(folder);
    expect(names.length).toBeGreaterThanOrEqual(4);
    for (const name of names) expect((await stat(join(folder, name))).mode & 0o077).toBe(0);
    await sink.close();
  });

  it('cuts off a torn last line, keeps it aside, and writes that row again', async () => {
    const { path, log, open } = await at();
    const [first = anEntry(), second = anEntry()] = entries(2);
    const sink = open();
    await sink.deliver('customer-events', [first, second]);
    await sink.close();
    const whole = await readFile(path, 'utf8');
    const torn = whole.slice(0, -40);
    await writeFile(path, torn);

    const next = open();
    expect(await next.deliver('customer-events', [first, second])).toEqual({ written: 1, repeated: 1 });
    await next.close();
    expect(await readFile(path, 'utf8')).toBe(whole);
    expect(await linesOf(`${path}.torn`)).toEqual([torn.slice(torn.indexOf('\n') + 1)]);
    expect(log.said).toHaveLength(1);
    expect(log.said.join()).not.toMatch(new RegExp(`${PERSONAL}|${second.key}`));
  });

  it('goes on after a write that failed', async () => {
    const { folder, path, open } = await at({ fileBytes: 1 });
    const sink = open();
    await sink.deliver('customer-events', [anEntry()]);
    // What turning over would leave the rows to is in the way.
    await rename(path, `${path}.away`);
    await mkdir(path);
    const entry = anEntry();
    const failure = await sink.deliver('customer-events', [entry]).catch((error: unknown) => error);
    expect(failure).toMatchObject({ name: 'SinkError', kind: 'refused', message: /EISDIR/ });
    expect(String(failure)).not.toMatch(new RegExp(`${PERSONAL}|${entry.key}`));
    await rm(path, { recursive: true });
    expect(await sink.deliver('customer-events', [entry])).toEqual({ written: 1, repeated: 0 });
    expect(keysOf(await entriesIn(folder))).toEqual([entry.key]);
    await sink.close();
  });

  it('turns a full file over, deletes none, and knows the rows of the one before', async () => {
    const { folder, open } = await at({ fileBytes: 2_000 });
    const list = entries(12);
    const sink = open();
    for (const entry of list) await sink.deliver('customer-events', [entry]);
    await sink.close();
    const files = (await readdir(folder)).filter((name) => name.startsWith('events.ndjson.'));
    expect(files.length).toBeGreaterThan(1);
    expect(keysOf(await entriesIn(folder))).toEqual(keysOf(list));
    const again = open();
    expect(await again.deliver('customer-events', list.slice(-4))).toEqual({ written: 0, repeated: 4 });
    await again.close();
  });

  it('follows when the file is moved away, and keeps the mode it was given', async () => {
    const { path, open } = await at();
    const [first = anEntry(), second = anEntry()] = entries(2);
    const sink = open();
    await sink.deliver('customer-events', [first]);
    await chmod(path, 0o640);
    await rename(path, `${path}.1`);
    expect(await sink.deliver('customer-events', [first, second])).toEqual({ written: 1, repeated: 1 });
    expect(await linesOf(path)).toHaveLength(1);
    expect((await stat(path)).mode & 0o777).toBe(0o640);
    await sink.close();
  });

  it('forgets the oldest keys, and no others, beyond its bound', async () => {
    const { open } = await at({ keys: 3 });
    const list = entries(5);
    const sink = open();
    await sink.deliver('customer-events', list);
    await sink.close();
    const again = open();
    expect(await again.deliver('customer-events', list.slice(2))).toEqual({ written: 0, repeated: 3 });
    expect(await again.deliver('customer-events', list.slice(0, 1))).toEqual({ written: 1, repeated: 0 });
    await again.close();
  });

  it('leaves alone what is no row of its own', async () => {
    const { path, log, open } = await at();
    await writeFile(path, 'a line of somebody else\n{"key": 7}\n');
    const sink = open();
    await sink.deliver('customer-events', [anEntry()]);
    await sink.close();
    expect((await linesOf(path)).slice(0, 2)).toEqual(['a line of somebody else', '{"key": 7}']);
    expect(log.said).toEqual([expect.stringContaining('"lines":2')]);
  });

  it.each(['', 'file/events.ndjson', 'device'])('refuses what is no file (%j)', async (name) => {
    const folder = await aFolder();
    await writeFile(join(folder, 'file'), '');
    await symlink('/dev/null', join(folder, 'device'));
    const sink = createFileSink(join(folder, name), aLog(), { patienceMs: 0 });
    const delivery = sink.deliver('customer-events', [anEntry()]);
    await expect(delivery).rejects.toMatchObject({ name: 'SinkError', kind: 'refused' });
    await rm(`${folder}.lock`, { force: true });
    await sink.close();
  });

  it('is of one sink at a time, and free for the next once that is closed', async () => {
    const { open } = await at();
    const [first, second] = [open(), open()];
    await first.deliver('customer-events', [anEntry()]);
    await expect(second.deliver('customer-events', [anEntry()])).rejects.toMatchObject({
      kind: 'unavailable',
      message: expect.stringContaining(`in use by process ${process.pid}`) as string,
    });
    await second.check();
    await first.close();
    expect(await second.deliver('customer-events', [anEntry()])).toEqual({ written: 1, repeated: 0 });
    await second.close();
  });

  it('lets one of several take over from a process that is gone', async () => {
    const lock = join(await aFolder(), 'events.ndjson.lock');
    await writeFile(lock, '999999999 1');
    const tries = await Promise.allSettled([1, 2, 3, 4].map(() => lockFile(lock, 0)));
    const taken = tries.flatMap((attempt) => (attempt.status === 'fulfilled' ? [attempt.value] : []));
    expect(taken).toHaveLength(1);
    await taken[0]?.();
  });

  it('is read back by time and integration key, over all its files, while it is being written', async () => {
    const { path, open } = await at({ fileBytes: 2_000 });
    const sink = open();
    const list = entries(9, { integratorKey: 'ABCDEF00-83c3-4940-af5e-cda8a50dd73f', _time: '1999-05-05T10:00:00Z' });
    for (const entry of list) await sink.deliver('customer-events', [entry]);
    await sink.deliver('customer-events', [
      anEntry({ _time: '1999-05-05T10:00:00Z' }),
      anEntry({ _time: '1999-05-06T00:00:00Z' }),
    ]);
    await sink.deliver('audit-users', [anEntry({ _time: '1999-05-05T10:00:00Z', source_log_type: 'auditusers' })]);
    await appendFile(path, '{"_time":"1999-05-05T10:00:00Z","countersign_feed":"customer-ev');
    const read = async (integrationKey?: string): Promise<FeedRow[]> => {
      const rows: FeedRow[] = [];
      const query = { from: new Date('1999-05-05T00:00:00Z'), to: new Date('1999-05-06T00:00:00Z') };
      const parts = { database: () => Promise.reject(new Error('unasked')) };
      const wanted = { ...query, ...(integrationKey !== undefined && { integrationKey }) };
      for await (const row of readCustomerEvents({ kind: 'file', path }, parts, wanted)) rows.push(row);
      return rows;
    };
    expect(await read('abcdef00-83c3-4940-af5e-cda8a50dd73f')).toEqual(list.map(({ row }) => row));
    expect(await read()).toHaveLength(10);
    await sink.close();
  });

  it('says when there is nothing to be read back yet', async () => {
    const path = join(await aFolder(), 'none.ndjson');
    const rows = readCustomerEvents(
      { kind: 'file', path },
      { database: () => Promise.reject(new Error('unasked')) },
      { from: new Date(0), to: new Date() },
    );
    await expect(rows.next()).rejects.toMatchObject({ name: 'SinkError', kind: 'refused' });
  });
});

describe('the sink in a file, among processes', () => {
  let program: SinkProgram;
  beforeAll(() => {
    program = aSinkProgram();
  });
  afterAll(() => program.remove());

  it('loses and repeats nothing when its process is killed at any moment and delivers again', async () => {
    const folder = await aFolder();
    const run = { path: join(folder, 'events.ndjson'), rows: 60, fileBytes: 100_000 };
    let delivered = -1;
    const deliver = async (strike: Strike): Promise<Told | undefined> => {
      const first = delivered + 1;
      let begin: Told | undefined;
      await deliverUntil(program, { ...run, first, strike }, (told) => {
        begin ??= told;
        if ('batch' in told) delivered = told.batch;
        return strike === 'never' || 'refused' in told;
      });
      expect(delivered).toBe(strike === 'never' ? first : first + 1);
      return begin;
    };
    for (const strike of [...STRIKES, ...STRIKES]) {
      await deliver(strike);
      const { written, repeated } = { written: -1, repeated: -1, ...(await deliver('never')) };
      expect(written + repeated).toBe(run.rows);
      if (strike === 'before') expect(repeated).toBe(0);
      else if (strike === 'midway') expect(written === 0 || repeated === 0).toBe(false);
      else expect(repeated).toBe(run.rows);
    }
    const all = Array.from({ length: delivered + 1 }, (_, batch) => batch).flatMap((batch) =>
      Array.from({ length: run.rows }, (_, index) => `${batch}-${index}`),
    );
    expect(keysOf(await entriesIn(folder))).toEqual(all.sort());
    // More than one file, so that the kills met a turning over too.
    expect((await readdir(folder)).filter((name) => /\d+T\d+Z$/.test(name)).length).toBeGreaterThan(2);
  });

  it('keeps a second process out, and takes over once the first is killed', async () => {
    const folder = await aFolder();
    const path = join(folder, 'events.ndjson');
    const sink = createFileSink(path, aLog(), { patienceMs: 0 });
    await deliverUntil(program, { path, first: 0, rows: 1, fileBytes: 1e9, strike: 'never' }, async (told) => {
      if (!('batch' in told)) throw new Error(told.refused);
      await expect(sink.deliver('customer-events', [anEntry()])).rejects.toMatchObject({ kind: 'unavailable' });
      return true;
    });
    expect(await sink.deliver('customer-events', [anEntry()])).toEqual({ written: 1, repeated: 0 });
    let refused = '';
    await deliverUntil(program, { path, first: 0, rows: 1, fileBytes: 1e9, strike: 'never' }, (told) => {
      if ('refused' in told) refused = told.refused;
      return 'refused' in told;
    });
    expect(refused).toContain(`in use by process ${process.pid}`);
    await sink.close();
  });
});

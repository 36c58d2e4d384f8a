import { execFile } from 'node:child_process';
import { appendFile, readdir, readFile, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { openCallLog, readCallLog, type CallEntry } from '../../src/docusign/call-log.js';
import { shortHash } from '../../src/docusign/fingerprints.js';
import { envelopeOf, routeOf } from '../../src/docusign/routes.js';
import { json } from '../signing/local-atlas.js';
import { aDocusign, aFolder, anAccount, ENVELOPE, LIST, READ, settingsFor } from './local-docusign.js';

const anEntry = (number = 0): CallEntry => ({
  at: new Date(1_700_000_000_000 + number * 1000).toISOString(),
  key: '0123abcd',
  environment: 'developer',
  api: 'esignature',
  method: 'GET',
  route: '/envelopes',
  envelope: null,
  resource: null,
  status: 200,
  code: null,
  ms: number,
});

describe('the call log', () => {
  it('has every call, those of the login too, and how each went', async () => {
    const server = await aDocusign({
      call: (asked, response) => {
        if (asked.url.includes('/documents/')) response.destroy();
        else if (asked.url.includes(ENVELOPE)) json(response, 400, { errorCode: 'Envelope_Invalid_Status' });
        else json(response, 200, {});
      },
    });
    const settings = await settingsFor(server.url);
    const account = anAccount(settings);
    await account.call({ ...LIST, query: { search_text: 'ada@example.com' } });
    await account.call({ ...READ, method: 'PUT', body: { status: 'sent' } }).catch(() => undefined);
    await account.call({ ...READ, path: `${READ.path}/documents/combined` }).catch(() => undefined);
    await account.call({ api: 'admin', method: 'GET', path: '/management/v2/organizations/9f9f/users' });

    const { entries, skipped } = await readCallLog(settings.folder);
    expect(skipped).toBe(0);
    expect(entries.map(({ api, method, route, status, code }) => [api, method, route, status, code])).toEqual([
      ['oauth', 'POST', '/oauth/token', 200, null],
      ['userinfo', 'GET', '/oauth/userinfo', 200, null],
      ['esignature', 'GET', '/envelopes', 200, null],
      ['esignature', 'PUT', '/envelopes/{id}', 400, 'ENVELOPE_INVALID_STATUS'],
      ['esignature', 'GET', '/envelopes/{id}/documents/combined', null, null],
      ['admin', 'GET', '/management/v2/organizations/{id}/users', 200, null],
    ]);
    expect(entries.map(({ envelope }) => envelope)).toEqual([
      null,
      null,
      null,
      shortHash(ENVELOPE),
      shortHash(ENVELOPE),
      null,
    ]);
    expect(entries[3]?.resource).not.toBe(entries[4]?.resource);
    expect(new Set(entries.map(({ key, environment }) => `${key} ${environment}`))).toEqual(
      new Set([`${account.apiKeyId} developer`]),
    );
    expect((await stat(join(settings.folder, 'calls.ndjson'))).mode & 0o777).toBe(0o600);
  });

  it('is read past broken lines, in the order of the calls', async () => {
    const folder = await aFolder();
    const log = openCallLog(folder);
    await log.append(anEntry(2));
    await appendFile(join(folder, 'calls.ndjson'), '{"at":"half a li\n[]\n{"at":"2026-01-01T00:00:00.000Z"}\n\n');
    await log.append(anEntry(1));
    const { entries, skipped } = await readCallLog(folder);
    expect(entries.map(({ ms }) => ms)).toEqual([1, 2]);
    expect(skipped).toBe(3);
  });

  it('is empty where nothing was called', async () => {
    expect(await readCallLog(join(await aFolder(), 'none'))).toEqual({ entries: [], skipped: 0 });
  });

  it('stays in two files of bounded size, and keeps the latest lines', async () => {
    const folder = await aFolder();
    const log = openCallLog(folder, { maxBytes: 2_000 });
    await Promise.all(Array.from({ length: 100 }, (_, number) => log.append(anEntry(number))));
    const names = await readdir(folder);
    expect(names.sort()).toEqual(['calls.1.ndjson', 'calls.ndjson'].slice(0, names.length));
    for (const name of names) expect((await stat(join(folder, name))).size).toBeLessThan(2_400);
    const { entries } = await readCallLog(folder);
    expect(entries.at(-1)).toEqual(anEntry(99));
    expect(entries.map(({ ms }) => ms)).toEqual(
      Array.from({ length: entries.length }, (_, index) => 100 - entries.length + index),
    );
    expect(entries.length).toBeGreaterThanOrEqual(8);
  });

  it('turns no file over that is not full, however many write', async () => {
    const folder = await aFolder();
    const logs = Array.from({ length: 8 }, () => openCallLog(folder, { maxBytes: 2_000 }));
    for (let number = 0; number < 60; number += 1) {
      await Promise.all(logs.map((log) => log.append(anEntry(number))));
      const older = await stat(join(folder, 'calls.1.ndjson')).catch(() => null);
      expect(older?.size ?? 2_000).toBeGreaterThanOrEqual(2_000);
    }
    expect(await readdir(folder)).toContain('calls.1.ndjson');
  });

  it('goes on when a process died while it turned the files over', async () => {
    const folder = await aFolder();
    const mark = join(folder, 'calls.rotating');
    await writeFile(mark, '');
    const log = openCallLog(folder, { maxBytes: 100 });
    await log.append(anEntry(1));
    expect(await readdir(folder)).not.toContain('calls.1.ndjson');
    await utimes(mark, new Date(0), new Date(0));
    await log.append(anEntry(2));
    await log.append(anEntry(3));
    expect(await readdir(folder)).toEqual(['calls.1.ndjson']);
    expect((await readCallLog(folder)).entries).toHaveLength(3);
  });

  it('loses and mixes no line of processes that write at once', async () => {
    const folder = await aFolder();
    const line = `${JSON.stringify({ ...anEntry(), route: '/envelopes/{id}'.repeat(20) })}\n`;
    // Only what the log does for each line: opening for appending, and one write.
    const script = `const {open}=require('node:fs/promises');(async()=>{for(let i=0;i<200;i++){const f=await open(process.argv[1],'a',0o600);await f.write(process.argv[2]);await f.close()}})()`;
    const log = openCallLog(folder);
    await log.append(anEntry());
    const others = [1, 2].map(() =>
      promisify(execFile)(process.execPath, ['-e', script, join(folder, 'calls.ndjson'), line]),
    );
    for (let number = 0; number < 200; number += 1) await log.append(anEntry(number));
    await Promise.all(others);
    expect((await readCallLog(folder)).entries).toHaveLength(601);
  });

  it('that cannot be written stops no call, and says so once', async () => {
    const file = join(await aFolder(), 'file');
    await writeFile(file, '');
    const codes: string[] = [];
    const log = openCallLog(join(file, 'folder'), { onTrouble: (code) => codes.push(code) });
    await log.append(anEntry());
    await log.append(anEntry());
    expect(codes).toEqual(['ENOTDIR']);
  });

  it('ends each line', async () => {
    const folder = await aFolder();
    await openCallLog(folder).append(anEntry());
    expect(await readFile(join(folder, 'calls.ndjson'), 'utf8')).toMatch(/^\{.*\}\n$/);
  });
});

describe('routes', () => {
  it.each([
    ['/envelopes/e1/documents/3?certificate=true', '/envelopes/{id}/documents/{id}', 'e1'],
    ['/envelopes/E1/recipients/ada@example.com/tabs', '/envelopes/{id}/recipients/{id}/tabs', 'e1'],
    ['/envelopes/status?envelope_ids=request_body', '/envelopes/status', null],
    ['/envelopes?custom_field=a', '/envelopes', null],
    ['/users/ada', '/users/{id}', null],
    ['/folders/recyclebin', '/folders/recyclebin', null],
    [
      'https://api-d.docusign.net/Management/v2/organizations/o1/users?email=ada@example.com',
      '/Management/v2/organizations/{id}/users',
      null,
    ],
    ['/restapi/v2.1/accounts/a1/envelopes/e1', '/restapi/v2.1/accounts/{id}/envelopes/{id}', 'e1'],
    ['/api/v2.0/datasets/monitor/stream', '/api/v2.0/datasets/monitor/stream', null],
  ])('%s', (path, route, envelope) => {
    expect([routeOf(path), envelopeOf(path)]).toEqual([route, envelope]);
  });
});

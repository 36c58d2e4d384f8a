/** The shares of a document type, changed in the file that gateway and worker read while it is being read. */
import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, utimes, writeFile, chmod } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { setIn } from '../../../src/cli/migrate/json-edit.js';
import { replaceFile } from '../../../src/cli/migrate/replace-file.js';
import { setShare } from '../../../src/cli/migrate/shares.js';
import { freePort } from '../../../src/stack/ports.js';
import { migrating } from './a-migration.js';

let home: string;
let path: string;
let away: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'countersign-ramp-'));
  path = join(home, 'document-types.json');
  away = `127.0.0.1:${await freePort()}`;
});
afterEach(() => rm(home, { recursive: true, force: true }));

const FILE = `{
  "order-form": {
    "docusign": { "fields": [{ "kind": "signature", "role": "Customer", "anchor": "/sign \\"here\\" }/" }] },
    "provider": "docusign",
    "reminders": { "first": "3 days", "every": "3 days", "max": 3 },
    "crmStages": { "completed": "Closed won" }
  },
  "nda": {
    "docusign": { "template": { "id": "t1" } }
  },
  "atlas-only": { "review": "required" }
}
`;
const env = () => ({
  DOCUMENT_TYPES: path,
  TEMPORAL_ADDRESS: away,
  DOCUSIGN_INTEGRATION_KEY: '7c2b8d7e-83c3-4940-af5e-cda8a50dd73f',
});
const inFolder = () => readdir(home);
const types = async () => JSON.parse(await readFile(path, 'utf8')) as Record<string, Record<string, unknown>>;

describe('countersign migrate ramp', () => {
  it('changes the share and not another character, and says before and after', async () => {
    await writeFile(path, FILE);
    await chmod(path, 0o640);
    const ran = await migrating(['ramp', 'order-form', '25'], env());
    expect(ran).toMatchObject({ code: 0, err: '' });
    expect(ran.out).toContain('before: order-form atlas 0 %, docusign 100 %');
    expect(ran.out).toContain('after:  order-form atlas 25 %, docusign 75 %');
    expect(ran.out).toContain('within a second or two');
    expect(await readFile(path, 'utf8')).toBe(
      FILE.replace('"provider": "docusign"', '"provider": { "atlas": 25, "docusign": 75 }'),
    );
    expect((await stat(path)).mode & 0o777).toBe(0o640);
    expect(await inFolder()).toEqual(['document-types.json']);
  });

  it('gives a type that names no provider one, laid out like the rest', async () => {
    await writeFile(path, FILE);
    await migrating(['ramp', 'nda', '100'], env());
    expect(await readFile(path, 'utf8')).toBe(FILE);
    await migrating(['ramp', 'nda', '60'], env());
    expect(await readFile(path, 'utf8')).toBe(
      FILE.replace('"nda": {\n', '"nda": {\n    "provider": { "atlas": 60, "docusign": 40 },\n'),
    );
  });

  it('changes nothing with --dry-run', async () => {
    await writeFile(path, FILE);
    const { code, json } = await migrating(['ramp', 'order-form', '25', '--dry-run', '--json'], env());
    expect(code).toBe(0);
    expect(json()).toMatchObject({
      ok: true,
      documentType: 'order-form',
      before: { atlas: 0, docusign: 100 },
      after: { atlas: 25, docusign: 75 },
      changed: false,
      dryRun: true,
    });
    expect(await readFile(path, 'utf8')).toBe(FILE);
  });

  it.each([
    ['a type that is not there', ['ramp', 'lease', '20'], 'it has order-form, nda, atlas-only'],
    ['a type of which DocuSign knows no fields', ['ramp', 'atlas-only', '20'], 'atlas-only has no "docusign"'],
    ['such a type', ['rollback', 'atlas-only'], 'atlas-only has no "docusign"'],
  ])('refuses %s', async (_what, args, words) => {
    await writeFile(path, FILE);
    const ran = await migrating(args, env());
    expect(ran.code).toBe(1);
    expect(ran.out).toContain(words);
    expect(await readFile(path, 'utf8')).toBe(FILE);
  });

  it.each([['101'], ['-1'], ['12.5'], ['many']])('refuses %s percent as bad usage', async (percent) => {
    await writeFile(path, FILE);
    expect((await migrating(['ramp', 'nda', '--', percent], env())).code).toBe(2);
    expect(await readFile(path, 'utf8')).toBe(FILE);
  });

  it('refuses a file that is wrong already', async () => {
    await writeFile(path, '{"nda": {"provider": "paper"}}');
    const ran = await migrating(['ramp', 'nda', '20'], env());
    expect(ran).toMatchObject({ code: 1 });
    expect(ran.out).toContain('mend it first');
  });

  it('says what to change instead where the file is mounted from a ConfigMap', async () => {
    await mkdir(join(home, '..2026_01_01'));
    await writeFile(join(home, '..2026_01_01', 'document-types.json'), FILE);
    await symlink('..2026_01_01', join(home, '..data'));
    await symlink('..data/document-types.json', path);
    const { code, out } = await migrating(['ramp', 'nda', '40'], env());
    expect(code).toBe(1);
    expect(out).toContain('under "nda" set "provider": { "atlas": 40, "docusign": 60 }');
    expect(await readFile(path, 'utf8')).toBe(FILE);
  });

  it('warns where DocuSign has no place to sign, and where its key is not known', async () => {
    await writeFile(path, '{"nda": {"provider": "docusign", "docusign": {"subject": "Please sign"}}}');
    const { out } = await migrating(['ramp', 'nda', '40'], { DOCUMENT_TYPES: path, TEMPORAL_ADDRESS: away });
    expect(out).toMatch(/Warning: its "docusign" names neither fields nor a template/);
    expect(out).toMatch(/Warning: DOCUSIGN_INTEGRATION_KEY is not set here/);
    expect(out).toMatch(/Warning: shadow drafts could not be asked for/);
  });
});

describe('countersign migrate rollback', () => {
  it('sends everything new by DocuSign again, also while Temporal is away', async () => {
    await writeFile(path, FILE.replace('"provider": "docusign"', '"provider": {"atlas":40,"docusign":60}'));
    const { code, out } = await migrating(['rollback', 'order-form'], env());
    expect(code).toBe(0);
    expect((await types())['order-form']?.provider).toEqual({ atlas: 0, docusign: 100 });
    expect(out).toContain('Deals by Atlas that are open go on there');
    expect(out).toMatch(/Warning: how many deals by Atlas are open could not be asked/);
  });
});

describe('two who change the file', () => {
  it('at once both have their way', async () => {
    const names = Array.from({ length: 12 }, (_, index) => `type-${index}`);
    await writeFile(
      path,
      JSON.stringify(Object.fromEntries(names.map((name) => [name, { docusign: { fields: [] } }]))),
    );
    const file = { path, readBackFirstMs: 1000 };
    await Promise.all(names.map((name, index) => setShare(file, name, index)));
    const now = await types();
    expect(names.map((name) => now[name]?.provider)).toEqual(
      names.map((_, index) => ({ atlas: index, docusign: 100 - index })),
    );
    expect(await inFolder()).toEqual(['document-types.json']);
  });

  it('do not overwrite each other where one of them is an editor', async () => {
    await writeFile(path, FILE);
    const edited = FILE.replace('Closed won', 'Won');
    const done = replaceFile(
      path,
      (text) => text.replace('"docusign"', '"atlas"'),
      () => writeFile(path, edited),
    );
    await expect(done).rejects.toThrow('somebody else has changed it');
    expect(await readFile(path, 'utf8')).toBe(edited);
    expect(await inFolder()).toEqual(['document-types.json']);
  });

  it('are not held up by one who died', async () => {
    await writeFile(path, FILE);
    await writeFile(`${path}.lock`, '');
    const long = new Date(Date.now() - 60_000);
    await utimes(`${path}.lock`, long, long);
    await setShare({ path, readBackFirstMs: 1000 }, 'nda', 70);
    expect((await types()).nda?.provider).toEqual({ atlas: 70, docusign: 30 });
  });
});

describe('one value of a JSON text', () => {
  /** As JSON can tell it: it has no -0. */
  const anything = fc
    .dictionary(fc.string(), fc.dictionary(fc.string(), fc.jsonValue()))
    .map((types) => JSON.parse(JSON.stringify(types)) as typeof types);
  const layout = fc.constantFrom(undefined, 2, '\t');

  it('is set whatever stands around it', () => {
    fc.assert(
      fc.property(anything, fc.string(), fc.string(), layout, (types, name, key, space) => {
        // Such a name is no member but the prototype.
        fc.pre(name !== '__proto__' && key !== '__proto__');
        // `toString` and its like are in every object, as no member of its own.
        const type = Object.hasOwn(types, name) ? types[name] : {};
        const all = { ...types, [name]: type };
        const edited = setIn(JSON.stringify(all, null, space), name, key, '[1]');
        expect(JSON.parse(edited ?? '')).toEqual({ ...all, [name]: { ...type, [key]: [1] } });
      }),
    );
  });

  it('is not set in what is no object', () => {
    expect(setIn('{"a": [1]}', 'a', 'b', '1')).toBeUndefined();
    expect(setIn('{"a": 1}', 'c', 'b', '1')).toBeUndefined();
  });
});

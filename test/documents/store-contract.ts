/** What every store of signed PDFs must do, whatever it is made of. */
import { expect, it } from 'vitest';
import type { DocumentStore } from '../../src/documents/documents.js';
import { aPdf, sha256Of } from './documents.js';

/** `store` is asked for in each test and must be empty then. */
export function keepsTheStoreContract(store: () => DocumentStore): void {
  const file = (key: string, bytes: Uint8Array) => store().put(key, bytes, sha256Of(bytes));

  it('files a signed PDF, finds it by its key and gives it back by its uri', async () => {
    const bytes = await aPdf();
    const { uri } = await file('deal-1/env_1.pdf', bytes);
    expect(sha256Of(await store().get(uri))).toBe(sha256Of(bytes));
    const found = await store().find('deal-1/env_1.pdf');
    expect(found?.uri).toBe(uri);
    expect(Buffer.from(found?.bytes ?? []).equals(bytes)).toBe(true);
  });

  it('finds nothing where nothing was filed', async () => {
    expect(await store().find('deal-1/env_1.pdf')).toBeUndefined();
    await file('deal-1/env_1.pdf', await aPdf());
    expect(await store().find('deal-1/env_2.pdf')).toBeUndefined();
    expect(await store().find('deal-1/env_1.pdf/x')).toBeUndefined();
  });

  it('changes nothing when the same bytes are filed again', async () => {
    const bytes = await aPdf();
    const first = await file('deal-1/env_1.pdf', bytes);
    expect(await file('deal-1/env_1.pdf', bytes)).toEqual(first);
    expect(sha256Of(await store().get(first.uri))).toBe(sha256Of(bytes));
  });

  it('refuses other bytes under a taken key and keeps what is filed', async () => {
    const bytes = await aPdf(1);
    const { uri } = await file('deal-1/env_1.pdf', bytes);
    await expect(file('deal-1/env_1.pdf', await aPdf(2))).rejects.toMatchObject({
      kind: 'refused',
      message: 'Another document is already filed under this key.',
    });
    expect(sha256Of(await store().get(uri))).toBe(sha256Of(bytes));
  });

  it('lets one of two different PDFs win when two workers file them together', async () => {
    const both = [await aPdf(1), await aPdf(2)];
    const ends = await Promise.allSettled(both.map((bytes) => file('deal-1/env_1.pdf', bytes)));
    expect(ends.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    const winner = both[ends.findIndex(({ status }) => status === 'fulfilled')];
    const found = await store().find('deal-1/env_1.pdf');
    expect(sha256Of(found?.bytes ?? Buffer.alloc(0))).toBe(sha256Of(winner ?? Buffer.alloc(1)));
  });

  it('takes the same PDF from two workers that file it together', async () => {
    const bytes = await aPdf();
    const [one, other] = await Promise.all([file('deal-1/env_1.pdf', bytes), file('deal-1/env_1.pdf', bytes)]);
    expect(one).toEqual(other);
  });

  it('refuses bytes that do not match their sha256', async () => {
    await expect(store().put('a.pdf', await aPdf(), sha256Of(Buffer.from('else')))).rejects.toThrow('sha256');
    expect(await store().find('a.pdf')).toBeUndefined();
  });

  it.each(['../out.pdf', 'a/../../out.pdf', '/etc/out.pdf', 'a//b.pdf', '.hidden', '', `${'x'.repeat(300)}.pdf`])(
    'refuses the key %j',
    async (key) => {
      await expect(file(key, await aPdf())).rejects.toMatchObject({ kind: 'refused' });
      await expect(store().find(key)).rejects.toMatchObject({ kind: 'refused' });
    },
  );

  it('keeps odd keys apart from each other', async () => {
    const keys = ['deal:1/a b.pdf', 'deal%3A1/a b.pdf', 'deal:1/a\\..\\..\\a.pdf', 'deal:1/a\0b.pdf', 'deal:1/ü?#.pdf'];
    const filed = new Map<string, string>();
    for (const [at, key] of keys.entries()) {
      const bytes = await aPdf(at + 1);
      filed.set((await file(key, bytes)).uri, sha256Of(bytes));
    }
    expect(filed.size).toBe(keys.length);
    for (const [uri, sha256] of filed) expect(sha256Of(await store().get(uri))).toBe(sha256);
    for (const key of keys) expect(await store().find(key)).toBeDefined();
  });

  it('says that it holds no such document when it is gone', async () => {
    const { uri } = await file('deal-1/env_1.pdf', await aPdf());
    await expect(store().get(uri.replace('env_1', 'env_2'))).rejects.toMatchObject({ kind: 'missing' });
  });

  it('gives nothing by a uri of another place', async () => {
    for (const uri of [
      'https://example.com/x',
      'no uri',
      'file:///etc/passwd',
      's3://another-bucket/x.pdf',
      's3:',
      '',
    ]) {
      await expect(store().get(uri)).rejects.toMatchObject({ kind: 'missing' });
    }
  });

  it('can be checked again and again, and then as before holds no document', async () => {
    await store().check();
    await store().check();
    expect(await store().find('deal-1/env_1.pdf')).toBeUndefined();
    await file('deal-1/env_1.pdf', await aPdf());
    await store().check();
  });
}

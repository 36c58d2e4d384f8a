import { describe, expect, it } from 'vitest';
import { createAtlasProvider } from '../../src/signing/atlas/provider.js';
import { aClient, aServer, errorOf, json, type LocalServer } from './local-atlas.js';

const OURS = 'deal-1/r1';

interface Kept {
  id: string;
  external_id?: string;
  created_at?: string;
  metadata?: Record<string, unknown>;
}

/** An Atlas that keeps these envelopes and lists them as `list` says, whatever the filter. */
async function anAtlas(kept: Kept[], list: (query: URLSearchParams) => unknown): Promise<LocalServer> {
  return aServer((asked, response) => {
    const { pathname, searchParams } = new URL(asked.url, 'http://atlas');
    if (pathname === '/api/envelopes') return json(response, 200, list(searchParams));
    const envelope = kept.find((one) => pathname === `/api/envelope/${one.id}`);
    return envelope ? json(response, 200, { status: 'draft', ...envelope }) : json(response, 404, {});
  });
}

function find(server: LocalServer): Promise<string[]> {
  const provider = createAtlasProvider(aClient(server.url));
  return provider.findEnvelopes(OURS).then((found) => found.map((reading) => reading.envelopeId));
}

function ours(id: string, created_at?: string): Kept {
  return { id, metadata: { external_id: OURS }, ...(created_at !== undefined && { created_at }) };
}

function lists(server: LocalServer): string[] {
  return server.asked.map((asked) => asked.url).filter((url) => url.startsWith('/api/envelopes'));
}

describe('looking up the envelopes of a deal', () => {
  it('asks with the filter and finds none in an empty list', async () => {
    const server = await anAtlas([], () => ({ envelopes: [] }));
    expect(await find(server)).toEqual([]);
    expect(lists(server)).toEqual(['/api/envelopes?external_id=deal-1%2Fr1']);
  });

  it('never trusts the filter', async () => {
    const kept = [ours('a'), { id: 'b', metadata: { external_id: 'deal-1/r10' } }, { id: 'c', metadata: {} }];
    expect(await find(await anAtlas(kept, () => ({ envelopes: kept })))).toEqual(['a']);
  });

  it('reads each one back where the list tells no metadata', async () => {
    const kept = [ours('a'), { id: 'b', metadata: { external_id: 'deal-2/r1' } }, ours('c')];
    const server = await anAtlas(kept, () => ({ envelopes: kept.map(({ id }) => ({ envelope_id: id })) }));
    expect(await find(server)).toEqual(['a', 'c']);
  });

  it('answers the newest first, of every status', async () => {
    const kept = [
      ours('old', '2026-07-01T10:00:00Z'),
      ours('new', '2026-07-03T10:00:00Z'),
      ours('mid', '2026-07-02T10:00:00Z'),
    ];
    expect(await find(await anAtlas(kept, () => ({ envelopes: kept })))).toEqual(['new', 'mid', 'old']);
  });

  it.each([
    ['a bare list', (rows: Kept[]) => rows],
    ['envelopes', (rows: Kept[]) => ({ envelopes: rows })],
    ['items', (rows: Kept[]) => ({ items: rows, nextCursor: null })],
    ['data', (rows: Kept[]) => ({ data: rows, meta: { page: 1, total_pages: 1 } })],
    ['data.envelopes', (rows: Kept[]) => ({ success: true, data: { envelopes: rows, has_more: false } })],
  ])('reads rows that sit in %s', async (_where, wrap) => {
    const kept = [ours('a')];
    expect(await find(await anAtlas(kept, () => wrap(kept)))).toEqual(['a']);
  });

  it.each([
    ['a cursor', (page: number) => ({ next_cursor: page < 3 ? String(page + 1) : null }), 'cursor'],
    [
      'a nested cursor',
      (page: number) => ({ pagination: { nextCursor: page < 3 ? String(page + 1) : null } }),
      'cursor',
    ],
    ['a link', (page: number) => ({ next: page < 3 ? `https://elsewhere.test/x?after=${page + 1}` : null }), 'after'],
    ['page numbers', (page: number) => ({ page, total_pages: 3 }), 'page'],
    ['has_more and a page', (page: number) => ({ page, has_more: page < 3 }), 'page'],
  ])('follows %s to the last page, staying on its own route', async (_what, tail, name) => {
    const kept = [{ id: 'x', metadata: {} }, { id: 'y', metadata: {} }, ours('z')];
    const server = await anAtlas(kept, (query) => {
      const page = Number(query.get(name) ?? 1);
      return { envelopes: kept.slice(page - 1, page), ...tail(page) };
    });
    expect(await find(server)).toEqual(['z']);
    expect(lists(server)).toHaveLength(3);
    for (const url of lists(server)) expect(url).toContain('external_id=deal-1%2Fr1');
  });

  it('does not say "none" of a list whose pages it cannot turn', async () => {
    const stuck = await anAtlas([], () => ({ envelopes: [{ id: 'x', metadata: {} }], next_cursor: 'same' }));
    const error = await errorOf(find(stuck));
    expect(error).toMatchObject({ kind: 'unreadable' });
    expect(error.message).toContain('next: the list goes on');
    expect(lists(stuck)).toHaveLength(2);
    const silent = await anAtlas([], () => ({ envelopes: [{ id: 'x', metadata: {} }], has_more: true }));
    expect(await errorOf(find(silent))).toMatchObject({ kind: 'unreadable' });
  });

  it('ends on a list without end', async () => {
    let page = 0;
    const endless = await anAtlas([], () => ({
      envelopes: [{ id: `x${(page += 1)}`, metadata: {} }],
      next_cursor: String(page),
    }));
    expect(await errorOf(find(endless))).toMatchObject({ kind: 'unreadable' });
    expect(page).toBe(50);
  });

  it('takes what it found although the list goes on', async () => {
    const kept = [ours('a')];
    expect(await find(await anAtlas(kept, () => ({ envelopes: kept, has_more: true })))).toEqual(['a']);
  });

  it('does not say "none" when neither list nor envelope tells the external_id', async () => {
    const kept = [{ id: 'a' }];
    const error = await errorOf(find(await anAtlas(kept, () => ({ envelopes: kept }))));
    expect(error.message).toContain('metadata.external_id');
  });

  it('names what is missing from a row or from the list', async () => {
    expect((await errorOf(find(await anAtlas([], () => ({ envelopes: [{}] }))))).message).toContain(
      'envelope_id: missing from a row',
    );
    expect((await errorOf(find(await anAtlas([], () => ({ count: 0 }))))).message).toContain('rows:');
  });
});

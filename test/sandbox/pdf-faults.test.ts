import { describe, expect, it } from 'vitest';
import { anAtlasSandbox, type AtlasSandbox } from './an-atlas-sandbox.js';

interface Downloaded {
  status: number;
  type: string | null;
  length: number | null;
  /** null when the connection ended before the promised length. */
  bytes: Buffer | null;
}

async function fetched(url: string, headers: Record<string, string>): Promise<Downloaded> {
  const response = await fetch(url, { headers });
  const length = response.headers.get('content-length');
  const bytes = await response.arrayBuffer().then(
    (buffer) => Buffer.from(buffer),
    () => null,
  );
  return {
    status: response.status,
    type: response.headers.get('content-type'),
    length: length === null ? null : Number(length),
    bytes,
  };
}

type Download = (atlas: AtlasSandbox, id: string, headers?: Record<string, string>) => Promise<Downloaded>;

const fromBucket: Download = async (atlas, id, headers = {}) => {
  return fetched((await atlas.get(`/api/envelope/${id}`)).signed_download_url, headers);
};
const fromApi: Download = (atlas, id, headers = {}) => {
  return fetched(`${atlas.sandbox.url}/api/envelope/${id}/pdf`, { authorization: 'Bearer sandbox-key', ...headers });
};

describe.each<[string, Download, string]>([
  ['from the bucket', fromBucket, 'GET /signed/:file'],
  ['as bytes from the API', fromApi, 'GET /api/envelope/:id/pdf'],
])('a signed PDF that comes %s', (_where, download, route) => {
  const aSandbox = () => anAtlasSandbox({ settings: { pdf_delivery: 'bytes' } });

  it('is cut to half and looks complete with truncated-pdf, once', async () => {
    const atlas = await aSandbox();
    const id = await atlas.signed();
    const whole = await download(atlas, id);
    await atlas.goWrong([{ kind: 'truncated-pdf', route }]);
    const cut = await download(atlas, id);
    expect(cut).toMatchObject({ status: 200, type: 'application/pdf', length: cut.bytes?.length });
    expect(cut.bytes?.length).toBe(Math.floor((whole.bytes?.length ?? 0) / 2));
    expect(whole.bytes?.subarray(0, cut.bytes?.length).equals(cut.bytes ?? Buffer.alloc(0))).toBe(true);
    expect(await download(atlas, id)).toEqual(whole);
    expect((await atlas.state()).faults).toMatchObject({ 'truncated-pdf': 1 });
  });

  it('ends before its length with truncated-pdf of full content-length', async () => {
    const atlas = await aSandbox();
    const id = await atlas.signed();
    const whole = await download(atlas, id);
    await atlas.goWrong([{ kind: 'truncated-pdf', content_length: 'full' }]);
    expect(await download(atlas, id)).toEqual({ ...whole, bytes: null });
    expect(await download(atlas, id)).toEqual(whole);
  });

  it('has no bytes with empty-pdf', async () => {
    const atlas = await aSandbox();
    const id = await atlas.signed();
    await atlas.goWrong([{ kind: 'empty-pdf', envelope: id }]);
    expect(await download(atlas, id)).toMatchObject({
      status: 200,
      type: 'application/pdf',
      length: 0,
      bytes: { length: 0 },
    });
    expect((await download(atlas, id)).length).toBeGreaterThan(0);
  });

  it.each(['truncated-pdf', 'truncated-pdf; content_length=full', 'empty-pdf'])(
    'goes wrong for one download with the header %s',
    async (header) => {
      const atlas = await aSandbox();
      const id = await atlas.signed();
      const whole = await download(atlas, id);
      const broken = await download(atlas, id, { 'x-sandbox-fault': header });
      expect(broken.status).toBe(200);
      expect(broken.bytes).not.toEqual(whole.bytes);
      expect(await download(atlas, id)).toEqual(whole);
    },
  );
});

describe('a download link', () => {
  it('has expired before its time with expired-link, by rule and by header', async () => {
    const atlas = await anAtlasSandbox();
    const id = await atlas.signed();
    const { signed_download_url: link } = await atlas.get(`/api/envelope/${id}`);
    await atlas.goWrong([{ kind: 'expired-link' }]);
    const refused = await fetch(link);
    expect(refused.status).toBe(403);
    expect(await refused.text()).toContain('<Code>AccessDenied</Code>');
    expect((await fetch(link)).status).toBe(200);
    expect((await fetch(link, { headers: { 'x-sandbox-fault': 'expired-link' } })).status).toBe(403);
    expect((await fetch(link)).status).toBe(200);
    expect((await atlas.state()).faults).toMatchObject({ 'expired-link': 2 });
  });

  it('that is wrong anyway uses up no rule', async () => {
    const atlas = await anAtlasSandbox();
    const id = await atlas.signed();
    const { signed_download_url: link } = await atlas.get(`/api/envelope/${id}`);
    await atlas.goWrong([{ kind: 'expired-link' }, { kind: 'empty-pdf' }]);
    expect((await fetch(`${link}0`)).status).toBe(403);
    expect((await atlas.state()).faults).toMatchObject({ 'expired-link': 0, 'empty-pdf': 0 });
  });

  it('answers what is allowed to a header that makes no sense there', async () => {
    const atlas = await anAtlasSandbox();
    const id = await atlas.signed();
    const { signed_download_url: link } = await atlas.get(`/api/envelope/${id}`);
    for (const header of ['drop-after', 'explode', 'webhook-drop']) {
      const refused = await fetch(link, { headers: { 'x-sandbox-fault': header } });
      expect([header, refused.status]).toEqual([header, 400]);
      expect(await refused.text()).toContain('expired-link');
    }
  });
});

describe('the /pdf route', () => {
  it('takes no PDF fault while it answers with a link', async () => {
    const atlas = await anAtlasSandbox();
    const id = await atlas.signed();
    const path = `/api/envelope/${id}/pdf`;
    expect((await atlas.call('GET', path, undefined, { 'x-sandbox-fault': 'empty-pdf' })).status).toBe(400);
    expect((await atlas.call('GET', path, undefined, { 'x-sandbox-fault': 'html' })).status).toBe(502);
    expect((await atlas.call('GET', path)).status).toBe(302);
  });
});

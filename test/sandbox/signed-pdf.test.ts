import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { anAtlasSandbox, type AtlasSandbox } from './an-atlas-sandbox.js';
import { aDocx, aPdf, textsOf } from './documents.js';

async function download(atlas: AtlasSandbox, id: string): Promise<Buffer> {
  const response = await fetch((await atlas.get(`/api/envelope/${id}`)).signed_download_url);
  expect(response.status).toBe(200);
  expect(response.headers.get('content-type')).toBe('application/pdf');
  return Buffer.from(await response.arrayBuffer());
}

describe('the signed PDF', () => {
  it('is the original with each signature drawn in, the envelope id on each page, and a certificate', async () => {
    const atlas = await anAtlasSandbox();
    const original = await aPdf(2);
    const id = await atlas.signed({ document: original.toString('base64') });
    const pages = await textsOf(await download(atlas, id));
    expect(pages).toHaveLength(3);
    expect(pages[0]).toContain('Agreement, page 1');
    for (const page of pages) expect(page).toContain(id);
    const last = pages[1] ?? '';
    const envelope = await atlas.get(`/api/envelope/${id}`);
    for (const name of ['Ana Ferreira', 'Bob Olsen']) {
      expect(last).toMatch(new RegExp(`Signed by ${name} on \\d{4}-\\d\\d-\\d\\dT`));
    }
    const certificate = pages[2] ?? '';
    expect(certificate).toContain('Certificate of Completion');
    expect(certificate).toContain(createHash('sha256').update(original).digest('hex'));
    expect(certificate).toContain('127.0.0.1');
    for (const party of envelope.parties) expect(certificate).toContain(party.email);
  });

  it('is made from DOCX too, with the words of the original', async () => {
    const atlas = await anAtlasSandbox();
    const docx = await aDocx('Order form', ['The customer buys forty chairs.', 'Payment within thirty days.']);
    const id = await atlas.signed({ document: docx.toString('base64') });
    const pages = await textsOf(await download(atlas, id));
    expect(pages).toHaveLength(2);
    expect(pages[0]).toContain('Order form');
    expect(pages[0]).toContain('forty chairs');
    expect(pages[0]).toContain('Signed by Ana Ferreira');
  });

  it('carries the prefilled texts of a template', async () => {
    const atlas = await anAtlasSandbox();
    const sent = await atlas.call('POST', '/api/templates/tmpl_1/send', {
      parties: [
        { email: 'ana@customer.example', name: 'Ana Ferreira', role: 'Customer' },
        { email: 'bob@company.example', name: 'Bob Olsen', role: 'Company' },
      ],
      prefill: { customer_name: 'Northwind', amount: '12,000 EUR' },
      auto_send: true,
    });
    const id = sent.body.envelope_id;
    await atlas.sign(id);
    await atlas.sign(id);
    const [page = ''] = await textsOf(await download(atlas, id));
    for (const words of ['Northwind', '12,000 EUR', 'Signed by Bob Olsen']) expect(page).toContain(words);
  });

  it('is drawn for any name, in the letters that the font has', async () => {
    const atlas = await anAtlasSandbox();
    const id = await atlas.sent();
    await atlas.sign(id, { name: 'Žofia Łukasiewicz' });
    await atlas.sign(id, { name: '山田太郎' });
    const pages = await textsOf(await download(atlas, id));
    expect(pages[1]).toContain('Signed by Žofia Lukasiewicz on');
    expect(pages[1]).toContain('Signed by ???? on');
    expect((await atlas.get(`/api/envelope/${id}`)).fields.map((field) => field.value)).toContain('山田太郎');
  });

  it('has the same bytes each time', async () => {
    const atlas = await anAtlasSandbox();
    const id = await atlas.signed();
    const [first, second] = [await download(atlas, id), await download(atlas, id)];
    expect(second.equals(first)).toBe(true);
  });
});

describe('downloading it', () => {
  it('is a 409 before everybody has signed', async () => {
    const atlas = await anAtlasSandbox();
    const id = await atlas.sent();
    await atlas.sign(id);
    expect((await atlas.call('GET', `/api/envelope/${id}/pdf`)).status).toBe(409);
    expect((await atlas.get(`/api/envelope/${id}`)).signed_download_url).toBeUndefined();
  });

  it('leads to a bucket on another origin, which refuses and counts bearer tokens', async () => {
    const atlas = await anAtlasSandbox();
    const id = await atlas.signed();
    const redirect = await atlas.call('GET', `/api/envelope/${id}/pdf`);
    expect(redirect.status).toBe(302);
    const target = redirect.headers.get('location') ?? '';
    expect(new URL(target).origin).toBe(atlas.sandbox.bucketUrl);
    expect(new URL(target).origin).not.toBe(new URL(atlas.sandbox.url).origin);
    expect((await fetch(target)).status).toBe(200);
    expect((await atlas.state()).bucketAuthorizationLeaks).toBe(0);
    const leaking = await fetch(target, { headers: { authorization: 'Bearer sandbox-key' } });
    expect(leaking.status).toBe(400);
    expect((await atlas.state()).bucketAuthorizationLeaks).toBe(1);
  });

  it('works for a limited time, with the link as it was given', async () => {
    let now = Date.parse('2026-03-01T12:00:00Z');
    const atlas = await anAtlasSandbox({ clock: { now: () => new Date(now) }, settings: { detection_ms: 0 } });
    const id = await atlas.signed();
    const { signed_download_url: link } = await atlas.get(`/api/envelope/${id}`);
    const later = new URL(link);
    later.searchParams.set('expires', String(now + 3_600_000));
    expect((await fetch(later)).status).toBe(403);
    expect((await fetch(link)).status).toBe(200);
    now += 5 * 60_000;
    expect((await fetch(link)).status).toBe(403);
  });

  it('can be set to answer with the bytes themselves', async () => {
    const atlas = await anAtlasSandbox({ settings: { pdf_delivery: 'bytes' } });
    const id = await atlas.signed();
    const direct = await fetch(`${atlas.sandbox.url}/api/envelope/${id}/pdf`, {
      headers: { authorization: 'Bearer sandbox-key' },
    });
    expect(direct.status).toBe(200);
    expect(Buffer.from(await direct.arrayBuffer()).equals(await download(atlas, id))).toBe(true);
  });
});

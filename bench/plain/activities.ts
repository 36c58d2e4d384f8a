import { createHash } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { fetch, FormData, type RequestInit, type Response } from 'undici';
import type { Deal, Party } from './deal.js';
import { setting } from './settings.js';

interface Envelope {
  envelope_id: string;
  review_url: string;
  fields_status: string;
}

interface CrmUpdate {
  stage: string;
  envelopeId: string;
  reviewUrl?: string;
  outcome?: string;
}

interface StoredPdf {
  path: string;
  sha256: string;
}

export async function createEnvelope(deal: Deal): Promise<{ envelopeId: string; reviewUrl: string }> {
  const form = new FormData();
  const pdf = new Blob([await readFile(deal.document)], { type: 'application/pdf' });
  form.append('file', pdf, `contract-${deal.dealId}.pdf`);
  form.append('parties', JSON.stringify(deal.parties));
  form.append('metadata', JSON.stringify({ deal_id: deal.dealId }));
  form.append('webhook_url', `${setting('PUBLIC_URL')}/webhooks/atlas`);
  const response = await atlas('/api/envelope', { method: 'POST', body: form });
  const envelope = (await response.json()) as Envelope;
  return { envelopeId: envelope.envelope_id, reviewUrl: envelope.review_url };
}

export async function getFieldsStatus(envelopeId: string): Promise<string> {
  const response = await atlas(`/api/envelope/${envelopeId}`);
  const envelope = (await response.json()) as Envelope;
  return envelope.fields_status;
}

export async function sendEnvelope(envelopeId: string, parties: Party[]): Promise<void> {
  const response = await atlas(`/api/envelope/${envelopeId}/send`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ parties }),
  });
  await response.json();
}

export async function storeSignedPdf(dealId: string, envelopeId: string): Promise<StoredPdf> {
  const response = await atlas(`/api/envelope/${envelopeId}/pdf`);
  const bytes = Buffer.from(await response.arrayBuffer());
  const path = join(setting('DOCUMENT_STORE'), dealId, `${envelopeId}.pdf`);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, bytes);
  return { path, sha256: createHash('sha256').update(bytes).digest('hex') };
}

export async function updateCrm(dealId: string, update: CrmUpdate): Promise<void> {
  await crm(`/deals/${dealId}`, {
    method: 'PATCH',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(update),
  });
}

export async function attachToCrm(dealId: string, pdf: StoredPdf): Promise<void> {
  const form = new FormData();
  form.append('file', new Blob([await readFile(pdf.path)], { type: 'application/pdf' }), basename(pdf.path));
  form.append('name', `${dealId}-signed.pdf`);
  form.append('sha256', pdf.sha256);
  await crm(`/deals/${dealId}/attachments`, { method: 'POST', body: form });
}

async function atlas(path: string, init: RequestInit = {}): Promise<Response> {
  const response = await fetch(`${setting('ATLAS_BASE_URL')}${path}`, {
    ...init,
    headers: { ...init.headers, authorization: `Bearer ${setting('ATLAS_API_KEY')}` },
  });
  if (!response.ok) throw new Error(`Atlas answered ${response.status}: ${await response.text()}`);
  return response;
}

async function crm(path: string, init: RequestInit): Promise<void> {
  const response = await fetch(`${setting('CRM_URL')}${path}`, init);
  const text = await response.text();
  if (!response.ok) throw new Error(`The CRM answered ${response.status}: ${text}`);
}

/** Tabs of a recipient: read, and put in their places on the documents. */
import { randomUUID } from 'node:crypto';
import type { EnvelopeDocument, GivenTab, Tab } from './envelope.js';
import { invalidParameter, Refusal } from './refusal.js';
import { anchorsOn } from './texts.js';

/** Points of each unit that offsets are told in; pixels are those of 72 dpi. */
const POINTS: Record<string, number> = { pixels: 1, inches: 72, mms: 72 / 25.4, cms: 72 / 2.54 };

/** In the JSON of v2.1 nearly everything is a string; the API takes numbers and booleans for them as well. */
export function readTabs(raw: unknown): GivenTab[] {
  if (raw === undefined || raw === null) return [];
  if (typeof raw !== 'object' || Array.isArray(raw)) throw invalidParameter('tabs is not an object.');
  const tabs: GivenTab[] = [];
  for (const [type, list] of Object.entries(raw)) {
    if (!type.endsWith('Tabs') || !Array.isArray(list)) throw invalidParameter(`${type} is no list of tabs.`);
    for (const tab of list as unknown[]) tabs.push({ type, fields: fieldsOf(tab) });
  }
  return tabs;
}

function fieldsOf(tab: unknown): Record<string, string> {
  if (typeof tab !== 'object' || tab === null) throw invalidParameter('A tab is not an object.');
  const fields: Record<string, string> = {};
  for (const [name, value] of Object.entries(tab)) {
    if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean')
      fields[name] = String(value);
  }
  if ((fields['tabLabel']?.length ?? 0) > 500) throw invalidParameter('tabLabel is longer than 500 characters.');
  return fields;
}

/** The tab wherever its anchor stands, or where it says; throws the refusal of an anchor that is nowhere. */
export function placeTab(given: GivenTab, documents: readonly EnvelopeDocument[], wholeWordDefault: boolean): Tab[] {
  return given.fields['anchorString'] === undefined
    ? [placeFixed(given, documents)]
    : placeAnchored(given, documents, wholeWordDefault);
}

function placeAnchored(given: GivenTab, documents: readonly EnvelopeDocument[], wholeWordDefault: boolean): Tab[] {
  const { fields } = given;
  const unit = POINTS[fields['anchorUnits'] ?? 'pixels'];
  if (unit === undefined) throw invalidParameter('anchorUnits is not known.');
  const offset = (name: string): number => Number(fields[name] ?? 0) * unit;
  const wanted = fields['documentId'];
  const placed = documents
    .filter(({ documentId }) => wanted === undefined || wanted === documentId)
    .flatMap(({ documentId, pages }) =>
      pages.flatMap((page, index) =>
        anchorsOn(page, given, wholeWordDefault).map(({ x, y }) =>
          tab(given, documentId, index + 1, x + offset('anchorXOffset'), y + offset('anchorYOffset')),
        ),
      ),
    );
  if (placed.length === 0 && fields['anchorIgnoreIfNotPresent'] !== 'true')
    throw new Refusal(400, 'ANCHOR_TAG_PROCESSING_FAILURE', `Anchor String ${fields['anchorString'] ?? ''} not found.`);
  return placed;
}

function placeFixed(given: GivenTab, documents: readonly EnvelopeDocument[]): Tab {
  const { documentId, pageNumber = '1', xPosition = '0', yPosition = '0' } = given.fields;
  const document = documents.find((candidate) => candidate.documentId === documentId);
  if (!document || document.pages[Number(pageNumber) - 1] === undefined)
    throw new Refusal(
      400,
      'TAB_REFERS_TO_MISSING_DOCUMENT',
      'The tab refers to a document or page that does not exist.',
    );
  return tab(given, document.documentId, Number(pageNumber), Number(xPosition), Number(yPosition));
}

function tab({ type, fields }: GivenTab, documentId: string, pageNumber: number, x: number, y: number): Tab {
  if (!Number.isFinite(x) || !Number.isFinite(y)) throw invalidParameter('A position of a tab is no number.');
  return { type, tabId: randomUUID(), documentId, pageNumber, x, y, value: fields['value'] ?? null, fields };
}

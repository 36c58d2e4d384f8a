import { PDFDocument, StandardFonts } from '@cantoo/pdf-lib';
import { z } from 'zod';
import type { Clock } from './clock.js';
import type { Documents } from './documents.js';
import type { Field, Party, Template, TemplateField } from './model.js';
import { Refusal } from './refusal.js';
import type { Store } from './store.js';

const PAGE = { width: 612, height: 792 };

export const templateSchema = z.object({
  id: z.string().regex(/^[\w-]{1,64}$/),
  name: z.string().min(1).max(200),
  roles: z.array(z.string().min(1)).min(1).max(20),
  prefill_keys: z.array(z.string().min(1)).max(50).default([]),
  ready: z.boolean().default(true),
});

export type NewTemplate = z.output<typeof templateSchema>;

export const DEFAULT_TEMPLATES: NewTemplate[] = [
  {
    id: 'tmpl_1',
    name: 'Order form',
    roles: ['Customer', 'Company'],
    prefill_keys: ['customer_name', 'amount'],
    ready: true,
  },
  { id: 'tmpl_2', name: 'Mutual NDA', roles: ['Customer'], prefill_keys: ['customer_name'], ready: true },
];

/** Templates with stable field ids: one prefillable text a key at the top, a signature and a date a role at the foot (Atlas notes 8). */
export class Templates {
  constructor(
    private readonly store: Store,
    private readonly documents: Documents,
    private readonly clock: Clock,
  ) {}

  /** Makes a template, or replaces the one of that id. Inside a transaction. */
  define(given: NewTemplate): Template {
    const template: Template = {
      id: given.id,
      name: given.name,
      roles: given.roles,
      prefillKeys: given.prefill_keys,
      fields: [...given.prefill_keys.map(prefillField), ...given.roles.flatMap(roleFields)],
      updatedAt: this.clock.now().toISOString(),
      document: null,
      ready: given.ready,
    };
    this.store.templates.put(template);
    return template;
  }

  get(id: string): Template {
    const template = this.store.templates.get(id);
    if (template === undefined) throw new Refusal(404, 'not_found', 'There is no such template');
    return template;
  }

  /** The template's PDF, drawn at first use; the same bytes whenever it is drawn. */
  async document(template: Template): Promise<{ sha256: string; bytes: number }> {
    const bytes = template.document === null ? await draw(template) : await this.documents.read(template.document);
    template.document = await this.documents.keep(bytes);
    return { sha256: template.document, bytes: bytes.length };
  }

  /** 400 unless every role of the template is filled exactly once, by parties that name a role (carbon copies need none). */
  checkRoles(template: Template, parties: Party[]): void {
    const given = parties.filter((party) => party.roleType !== 'cc').map((party) => party.role);
    const unknown = given.find((role) => role === null || !template.roles.includes(role));
    if (unknown !== undefined) {
      const which = unknown === null ? 'a party has no role' : `the template has no role "${unknown}"`;
      throw new Refusal(400, 'invalid_parties', `parties: ${which}; its roles are ${template.roles.join(', ')}`);
    }
    const missing = template.roles.find((role) => given.filter((name) => name === role).length !== 1);
    if (missing !== undefined) {
      throw new Refusal(400, 'invalid_parties', `parties: the role "${missing}" must be filled exactly once`);
    }
  }

  /** The fields of one sending: 400 on a prefill key that the template does not know. */
  fieldsFor(template: Template, parties: Party[], prefill: Record<string, string>): Field[] {
    const unknown = Object.keys(prefill).find((key) => !template.prefillKeys.includes(key));
    if (unknown !== undefined) {
      throw new Refusal(400, 'unknown_prefill_key', `prefill: the template has no key "${unknown}"`);
    }
    return template.fields.map((field) => ({
      id: field.id,
      type: field.type,
      label: field.label,
      page: field.page,
      xPct: field.xPct,
      yPct: field.yPct,
      wPct: field.wPct,
      hPct: field.hPct,
      confidence: null,
      partyIndex: field.role === null ? null : parties.findIndex((party) => party.role === field.role),
      required: field.type !== 'text',
      value: field.prefillKey === null ? null : (prefill[field.prefillKey] ?? null),
    }));
  }
}

function prefillField(key: string, index: number): TemplateField {
  const label = key.replaceAll('_', ' ');
  return {
    id: `fld_${key}`,
    type: 'text',
    label,
    role: null,
    prefillKey: key,
    page: 1,
    ...box(0.38, 0.2 + index * 0.04, 0.5, 0.028),
  };
}

function roleFields(role: string, index: number): TemplateField[] {
  const x = index % 2 === 0 ? 0.1 : 0.55;
  const y = 0.72 + Math.floor(index / 2) * 0.12;
  const common = { role, prefillKey: null, page: 1 };
  const slug = role.toLowerCase().replace(/\W+/g, '_');
  return [
    {
      id: `fld_${slug}_signature`,
      type: 'signature',
      label: `Signature of ${role}`,
      ...common,
      ...box(x, y, 0.35, 0.05),
    },
    { id: `fld_${slug}_date`, type: 'date', label: 'Date', ...common, ...box(x, y + 0.06, 0.35, 0.025) },
  ];
}

function box(xPct: number, yPct: number, wPct: number, hPct: number) {
  return { xPct, yPct, wPct, hPct };
}

async function draw(template: Template): Promise<Buffer> {
  const pdf = await PDFDocument.create({ updateMetadata: false });
  const page = pdf.addPage([PAGE.width, PAGE.height]);
  const regular = await pdf.embedFont(StandardFonts.TimesRoman);
  const bold = await pdf.embedFont(StandardFonts.TimesRomanBold);
  const x = 0.1 * PAGE.width;
  page.drawText(template.name, { x, y: PAGE.height * 0.88, size: 22, font: bold });
  for (const field of template.fields) {
    const y = PAGE.height * (1 - field.yPct - field.hPct);
    if (field.prefillKey !== null) page.drawText(field.label, { x, y: y + 6, size: 11, font: regular });
    if (field.type === 'signature')
      page.drawText(field.label, { x: field.xPct * PAGE.width, y: y + 48, size: 10, font: regular });
  }
  pdf.setCreationDate(new Date(0));
  pdf.setModificationDate(new Date(0));
  return Buffer.from(await pdf.save());
}

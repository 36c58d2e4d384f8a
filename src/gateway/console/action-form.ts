/** The form of an action as a browser sends it, and the message that it makes. */
import { randomUUID } from 'node:crypto';
import type { Action } from '../../deal/messages.js';
import type { DealSnapshot } from '../../deal/snapshot.js';
import { invalidBody, type Problem } from '../problem.js';

/** All as typed: what is wrong is shown again for its author to mend. */
export interface PartyRow {
  email: string;
  name: string;
  role: string;
  order: string;
  kind: PartyKind;
}

/** `none`: the party takes no part any more. */
export type PartyKind = 'signer' | 'cc' | 'none';

export interface ActionForm {
  /** Names the form: sent twice it counts once. */
  key: string;
  /** Why, or what else to say. */
  note: string;
  /** What the reviewer looked at. */
  fieldsVersion: string;
  document: string;
  parties: PartyRow[];
}

const MOST_PARTIES = 100;
const LONGEST = 2_048;

/** A form that nobody has filled in yet. Names and addresses of parties are not known here: they never leave the deal. */
export function emptyForm(deal: DealSnapshot | null, key: string = randomUUID()): ActionForm {
  const parties = (deal?.parties ?? []).map(({ role, order, status }): PartyRow => {
    const kind = status === 'copied' ? 'cc' : 'signer';
    // Parties without a role of their own are shown with one that the provider has never heard of.
    const own = role === 'cc' || role === `signer ${order}` ? '' : role;
    return { email: '', name: '', role: own, order: String(order), kind };
  });
  return { key, note: '', fieldsVersion: versionOf(deal), document: '', parties };
}

export function versionOf(deal: DealSnapshot | null): string {
  return deal?.fieldsVersion === null || deal === null ? '' : String(deal.fieldsVersion);
}

export const BLANK: PartyRow = { email: '', name: '', role: '', order: '', kind: 'signer' };

export function readForm(body: unknown): ActionForm {
  const field = (name: string): string => textOf(body, name).trim();
  const parties: PartyRow[] = [];
  for (let row = 1; row <= MOST_PARTIES && has(body, `party-${row}-email`); row++) {
    const of = (name: string): string => field(`party-${row}-${name}`);
    const said = of('kind');
    const kind = said === 'cc' || said === 'none' ? said : 'signer';
    parties.push({ email: of('email'), name: of('name'), role: of('role'), order: of('order'), kind });
  }
  return {
    key: field('key') || randomUUID(),
    note: field('note'),
    fieldsVersion: field('fieldsVersion'),
    document: field('document'),
    parties,
  };
}

/** The body of the message. Throws the 422 for what the form alone can tell; the desk judges the rest. */
export function messageFrom(action: Action, form: ActionForm): Record<string, unknown> {
  const { note } = form;
  switch (action) {
    case 'approve': {
      const fieldsVersion = /^\d{1,9}$/.test(form.fieldsVersion) ? Number(form.fieldsVersion) : undefined;
      return { decision: 'approve', ...(fieldsVersion !== undefined && { fieldsVersion }), ...(note && { note }) };
    }
    case 'reject':
      return { decision: 'reject', note: needed(note) };
    case 'cancel':
      return { reason: needed(note) };
    case 'amend':
      return amendFrom(form);
    case 'resume':
      return note ? { note } : {};
    case 'remind':
      return {};
  }
}

function needed(note: string): string {
  if (note) return note;
  throw invalidBody([{ path: 'note', message: 'is missing: the timeline of the deal will show it' }]);
}

function amendFrom({ note, document, parties }: ActionForm): Record<string, unknown> {
  const given = parties.some(({ email, name }) => email || name) ? rowsGiven(parties) : [];
  if (given.length === 0 && !document) {
    throw invalidBody([{ path: '', message: 'Give new parties, a new document, or both' }]);
  }
  return {
    reason: needed(note),
    ...(document && { document: { uri: document } }),
    ...(given.length > 0 && {
      parties: given.map(({ email, name, role, order, kind }) => ({
        ...(email && { email }),
        ...(name && { name }),
        ...(role && { role }),
        ...(order && { order: Number(order) }),
        role_type: kind,
      })),
    }),
  };
}

/** All but those that shall take no part. A row left empty by mistake is an error, lest a signer gets lost. */
function rowsGiven(rows: readonly PartyRow[]): PartyRow[] {
  return rows.filter(({ kind }) => kind !== 'none');
}

/** What is wrong, by the name of the field of the form; the empty name is the form as a whole. */
export function faultsOf(problem: Problem, form: ActionForm): Map<string, string> {
  const faults = new Map<string, string>();
  const given = rowsGiven(form.parties);
  for (const { path, message } of problem.extras.errors ?? []) {
    const [, index, name = ''] = /^parties\[(\d+)\]\.(\w+)$/.exec(path) ?? [];
    const party = index === undefined ? undefined : given[Number(index)];
    if (party) {
      const row = form.parties.indexOf(party) + 1;
      faults.set(`party-${row}-${name}`, `Party ${row}, ${FIELD_WORDS[name] ?? name}: ${message}`);
    } else {
      const field = FIELDS[path] ?? '';
      const where = field === '' && path !== '' ? `${path}: ` : (FIELD_WORDS[field] ?? '');
      faults.set(field, `${where}${where && field ? ': ' : ''}${message}`);
    }
  }
  if (faults.size === 0) faults.set('', problem.message);
  return faults;
}

const FIELDS: Partial<Record<string, string>> = { note: 'note', reason: 'note', 'document.uri': 'document' };
const FIELD_WORDS: Partial<Record<string, string>> = {
  email: 'e-mail',
  order: 'order',
  name: 'name',
  role: 'role',
  note: 'Reason',
  document: 'New document',
};

/** A field of a form that was sent; the first of several with one name, cut where nobody types so much. */
export function textOf(body: unknown, name: string): string {
  if (typeof body !== 'object' || body === null) return '';
  const value: unknown = Object.entries(body).find(([key]) => key === name)?.[1];
  const text: unknown = Array.isArray(value) ? value[0] : value;
  return typeof text === 'string' ? text.slice(0, LONGEST * 2) : '';
}

function has(body: unknown, name: string): boolean {
  return typeof body === 'object' && body !== null && Object.hasOwn(body, name);
}
